"""Carries out commands: measures, transforms, compares and describes sources, without any command line."""
