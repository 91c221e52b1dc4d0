"""How tasks are run: a plan of workers and memory, the processes that stand by, limits of time."""
