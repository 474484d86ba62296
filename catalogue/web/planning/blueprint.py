"""The blueprint that all files of this folder register on."""

from flask import Blueprint

bp = Blueprint("planning", __name__, url_prefix="/planning")
