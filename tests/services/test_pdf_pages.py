"""PDF files: made in a process of their own that loads nothing and may take only so long."""

import pytest

from catalogue.services import pdf_pages
from catalogue.services.errors import Conflict


@pytest.mark.slow
@pytest.mark.skipif(bool(pdf_pages.missing()), reason=pdf_pages.missing())
def test_a_pdf_that_takes_too_long_is_given_up_and_nothing_is_fetched() -> None:
    with pytest.raises(Conflict):
        pdf_pages.pdf("<html><head></head></html>", seconds=0)
    page = '<html lang="de"><head><title>x</title></head><body><img src="file:///etc/passwd" alt="x"><p>Text</p></body></html>'
    assert pdf_pages.pdf(page).startswith(b"%PDF")
