"""Does every link of a built book lead somewhere? Pages, pictures, and the headings that links name.

    check.py FOLDER
"""

import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links = path, set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def lost(page, pages):
    """The links of a page that lead nowhere."""
    for link in page.links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = urllib.parse.unquote(parts.path)
        target = (page.path.parent / path).resolve() if path else page.path
        anchor = urllib.parse.unquote(parts.fragment)
        found = pages[target].ids if target in pages else None
        if not target.exists() or (anchor and (found is None or anchor not in found)):
            yield link


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    # Of no address of its own: its links are those of the page that a server has not found.
    pages = {path: Page(path) for path in folder.glob("**/*.html") if path.name != "404.html"}
    nowhere = [f"{path.name}: {link}" for path, page in pages.items() for link in lost(page, pages)]
    if nowhere:
        sys.exit("links of the book that lead nowhere:\n  " + "\n  ".join(sorted(set(nowhere))))
    print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links")


main()
