"""The score a face plays, and who writes it: speech timings, recorded sound, idle life."""
