"""How tasks are carried out: the plan of workers and memory, the executors, the watching process, and time limits."""
