"""SyncNet: a second judge of the lips, for those who have its weights.

Chung and Zisserman (2016), "Out of time: automated lip sync in the wild", version 2 of the weights.
"""
