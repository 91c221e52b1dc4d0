"""How fast and how small zm is, against what else would do the work: `python -m bench`.

`inputs/` makes what is read, `rows/` says what is run, `peers/` is what zm is compared with, one script each.
`process.py` runs one command, `contest.py` and `growing.py` run many in turn, `agreement.py` checks that they computed
the same, `results.py` makes the tables. `RESULTS.md` is made of them and of `NOTES.md`, which is written by hand.
"""
