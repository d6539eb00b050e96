"""The default face engine: a 2.5-D face-mesh warp in real time on a CPU."""
