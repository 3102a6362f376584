"""A preprocessor of mdBook: links that leave docs/ lead to the repository, where the files are.

mdBook asks `outside.py supports RENDERER` first, then hands over `[context, book]` as JSON and reads the book back. The
repository is `git-repository-url` of book.toml, which a test compares with Cargo.toml.
"""

import json
import pathlib
import re
import sys

# Links and pictures, but not what stands in code font.
TARGETS = re.compile(r"`[^`]*`|\]\((\.\./[^)\s]+)\)")


def at_repository(repository, docs, target):
    path, _, anchor = target.partition("#")
    inside = (docs / path).resolve().relative_to(docs.parent.resolve())
    kind = "tree" if (docs / path).is_dir() else "blob"
    # HEAD is the branch that the forge shows, whatever its name.
    return f"{repository}/{kind}/HEAD/{inside}" + (f"#{anchor}" if anchor else "")


def rewrite(content, replace):
    """Every line outside of fenced blocks."""
    fenced = False
    for line in content.splitlines(keepends=True):
        fence = line.startswith("```")
        yield line if fenced or fence else TARGETS.sub(replace, line)
        fenced ^= fence


def chapters(items):
    for item in items:
        if isinstance(item, dict) and "Chapter" in item:
            yield item["Chapter"]
            yield from chapters(item["Chapter"]["sub_items"])


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    context, book = json.load(sys.stdin)
    repository = context["config"]["output"]["html"]["git-repository-url"]
    docs = pathlib.Path(context["root"])

    def replace(found):
        target = found[1]
        return found[0] if target is None else f"]({at_repository(repository, docs, target)})"

    for chapter in chapters(book["items"]):
        chapter["content"] = "".join(rewrite(chapter["content"], replace))
    json.dump(book, sys.stdout)


main()
