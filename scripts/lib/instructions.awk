# Compares two files of scripts/instructions.sh, the baseline and what was counted now, and fails when a count is more than
# `limit` percent off, a case is new or gone, or the compiler is another one.

/^#/ { next }
NR == FNR { before[$1] = $2; next }
$1 == "rustc" || $1 == "target" { now[$1] = $2; next }
{
    if (!cases++) printf "%-12s %12s %12s %9s\n", "", "before", "now", "change"
    now[$1] = $2
    if (!($1 in before)) {
        printf "%-12s %12s %12d       new\n", $1, "-", $2
        wrong++
        next
    }
    change = 100 * ($2 - before[$1]) / before[$1]
    off = change > limit || change < -limit
    wrong += off
    printf "%-12s %12d %12d %+7.1f %%%s\n", $1, before[$1], $2, change, off ? "  <<<" : ""
}
END {
    for (name in before) if (!(name in now)) {
        printf "%-12s %12d %12s      gone\n", name, before[name], "-"
        wrong++
    }
    if (!cases) {
        print "nothing was counted"
        exit 1
    }
    if (before["target"] != now["target"]) {
        printf "NOT COMPARED: the baseline is for %s, and this is %s.\n", before["target"], now["target"]
        exit 0
    }
    if (before["rustc"] != now["rustc"]) {
        printf "The baseline is of rustc %s, and this is %s: run `make instructions-update` and commit bench/instructions.txt.\n",
            before["rustc"], now["rustc"]
        exit 1
    }
    if (wrong) {
        printf "A change of more than %d %%, for the worse or the better, is to be explained: run `make instructions-update`, commit\n", limit
        print "bench/instructions.txt together with what changed it, and say why. `make instructions CASE=plain` tells which functions."
        exit 1
    }
}
