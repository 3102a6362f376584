#!/usr/bin/env bash
# Makes a book of docs/, to be read with a browser or put behind a web server, and looks whether its links lead somewhere.
#
#   scripts/book.sh            into $CARGO_TARGET_DIR/book, or target/book
#
# MDBOOK names another mdBook than the one that docs/requirements.txt installs: where there is no build of it, say.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
book=$(realpath -m "$target/book")
scripts/install-missing.sh python-venv
source scripts/lib/processes.sh

if [[ -z ${MDBOOK:-} ]]; then
    keep_caches_in "$target/cache"
    python_packages "$target/book-venv" docs/requirements.txt
    MDBOOK=$target/book-venv/bin/mdbook
fi

# A warning is a page that looks other than it should.
if ! "$MDBOOK" build docs --dest-dir "$book" >"$scratch/said" 2>&1 || grep -E ' (WARN|ERROR) ' "$scratch/said"; then
    cat "$scratch/said" >&2
    exit 1
fi
# The book has one language, these pages another one: it decides how a browser breaks lines and which letters it takes.
sed -i 's/<html lang="en"/<html lang="zh-CN"/' "$book"/*.zh-CN.html
python3 scripts/book/check.py "$book"
echo "$target/book/index.html"
