"""The published language: what each department tells the others. Imports nothing of ours."""
