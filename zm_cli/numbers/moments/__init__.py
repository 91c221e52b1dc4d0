"""The moments of samples: the loops and exact sums behind them, their arrays in a stats file, and weights."""
