"""Entry for a WSGI server in a checkout: ``gunicorn wsgi:app``."""

from catalogue import create_app

app = create_app()
