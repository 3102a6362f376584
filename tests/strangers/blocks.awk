# The fenced blocks of a page in one language, each from its first line to its last, all of them or the one that is asked for.
#
#   awk -v language=rust -v number=1 -f blocks.awk PAGE
#
# With `between=bash`, those between the first and the last block of that other language.
/^```/ && !open { open = 1; lang = substr($0, 4); text = ""; next }
/^```/ {
    open = 0
    if (lang == between) { printf "%s", held; held = ""; begun = 1 }
    if (lang != language || (number && ++seen != number)) next
    if (!between) printf "%s", text
    else if (begun) held = held text
    next
}
open { text = text $0 "\n" }
