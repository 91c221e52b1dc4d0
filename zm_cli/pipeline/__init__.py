"""Joins the rooms: what a command asks for, carried out over sources, statistics and sinks; no arithmetic."""
