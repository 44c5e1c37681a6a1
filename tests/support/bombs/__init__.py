"""Hostile originals, each crafted by a few lines: small files that ask for much, or that lie.

Each module has `BOMBS`: the original by its name, and what its refusal must say; nothing where a
variant is as right as a refusal.
"""
