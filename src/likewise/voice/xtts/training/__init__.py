"""Fine-tuning XTTS's GPT on clips of a voice with their text."""
