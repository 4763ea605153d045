"""What follows from the data: frames in, frames out. No clock, no I/O, no environment."""
