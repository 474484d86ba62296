"""The other process that makes a PDF: reads HTML on standard input, writes the file to standard output. See :mod:`pdf_pages`.

Nothing is fetched, neither from disk nor from the network: only ``data:`` addresses are opened, style sheets come within the page.
Run as a file, so that nothing of the catalogue is loaded.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Turn standard input into a tagged PDF (PDF/UA-1) on standard output."""
    from weasyprint import HTML, URLFetcher

    only_data = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    page = HTML(string=sys.stdin.buffer.read().decode("utf-8"), url_fetcher=only_data)
    page.write_pdf(sys.stdout.buffer, pdf_variant="pdf/ua-1")


if __name__ == "__main__":
    main()
