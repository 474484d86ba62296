"""The demo accounts that `make run` prints."""

PASSWORD = "Blaue-Kirschen-42"  # noqa: S105 - printed by every demo start
LOGINS = {
    "member": "mitglied@muster.example",
    "company_admin": "firma@muster.example",
    "curator": "pflege@muster.example",
    "admin": "netzwerk@muster.example",
}
