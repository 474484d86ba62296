"""The blueprint that all files of this folder register on."""

from flask import Blueprint

bp = Blueprint("retreats", __name__, url_prefix="/klausur")
