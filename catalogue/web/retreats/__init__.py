"""Klausuren as staff see them, under /klausur: the list, the agenda, the slide on the wall, the result. Phones are in web/participation.py."""

from catalogue.web.retreats import agenda, listing, moderation, results, slides
from catalogue.web.retreats.blueprint import bp

__all__ = ["agenda", "bp", "listing", "moderation", "results", "slides"]
