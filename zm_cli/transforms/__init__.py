"""Transforms: functions of the values of a block. Methods make them from statistics, of which they know nothing."""
