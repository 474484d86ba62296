"""The catalogue of the BatterieMD training modules for the companies of the ELMUG network."""

from catalogue.app import create_app

__all__ = ["create_app"]
