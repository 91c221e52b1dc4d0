"""How tasks are carried out: the plan of workers and memory, the executors, the process on guard, and time limits."""
