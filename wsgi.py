"""Entry for a WSGI server in a checkout: ``gunicorn wsgi:app``."""

from catalogue.app import create_serving_app

app = create_serving_app()
