-- Nothing to undo: the rows may be the Go version's.
SELECT 1;
