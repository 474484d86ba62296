"""``catalogue user``: accounts."""

import sys

import click

from catalogue.cli.context import open_database, open_settings
from catalogue.db import Session
from catalogue.models import Company, CompanyRole, NetworkRole, TokenScope, User
from catalogue.services import accounts, companies, links, second_factor, tokens, users
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings

__all__ = ["user"]

ROLES = {
    "member": (CompanyRole.MEMBER, None),
    "company-admin": (CompanyRole.ADMIN, None),
    "curator": (None, NetworkRole.CURATOR),
    "network-admin": (None, NetworkRole.ADMIN),
}


@click.group()
def user() -> None:
    """People with an account."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice(list(ROLES)), required=True, help="What the person may do.")
@click.option("--company", "slug", help="Slug of the company; needed for member and company-admin.")
@click.option("--name", default="", help="Name of the person.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making a link.")
def add(email: str, role: str, slug: str | None, name: str, password_stdin: bool) -> None:
    """Add the account EMAIL, or give an existing one the role; print a link with which the person sets a password."""
    company_role, network_role = ROLES[role]
    if company_role and not slug:
        raise click.UsageError(f"The role {role} needs --company.")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    settings = open_settings()
    with open_database().write() as session:
        company = companies.get(session, SYSTEM, slug) if slug else None
        added = users.add(
            session,
            SYSTEM,
            email,
            name=name,
            company=company,
            role=company_role or CompanyRole.MEMBER,
            network_role=network_role,
        )
        answer = _password_or_link(session, settings, added, password, password_stdin)
    click.echo(answer)


def _password_or_link(session: Session, settings: Settings, added: User, password: str, given: bool) -> str:
    if given:
        accounts.set_password(session, SYSTEM, added, password)
        return f"Account {added.email} is ready."
    return links.make(session, settings, added, links.RESET if added.password_hash else links.WELCOME)


@user.command()
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", type=int, help="The token works for so many days; without: until it is revoked.")
@click.option(
    "--scope", type=click.Choice([one.value for one in TokenScope]), default=TokenScope.CATALOGUE.value, show_default=True,
    help="How far it goes: the public catalogue, reading what EMAIL may see, or also writing.",
)  # fmt: skip
def token(email: str, name: str, days: int | None, scope: str) -> None:
    """Print a new API token of EMAIL and nothing else. It cannot be shown again."""
    with open_database().write() as session:
        owner = users.get_by_email(session, SYSTEM, email)
        made = tokens.create_for(session, SYSTEM, owner, name, days, TokenScope(scope))
    click.echo(made)


@user.command("list")
def list_() -> None:
    """List all accounts: address, name, role, company, state."""
    with open_database().read() as session:
        for one in users.find_all(session, SYSTEM):
            click.echo("\t".join((one.email, one.name, _role(one), _company(one), _state(one))))


def _role(one: User) -> str:
    if one.network_role:
        return "network-admin" if one.network_role == NetworkRole.ADMIN else "curator"
    if one.membership is None:
        return "-"
    return "company-admin" if one.membership.role == CompanyRole.ADMIN else "member"


def _company(one: User) -> str:
    company: Company | None = one.membership.company if one.membership else None
    return company.slug if company else "-"


def _state(one: User) -> str:
    if not one.active:
        return "inactive"
    return "active" if one.password_hash else "no password yet"


@user.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Lock the account EMAIL; its sign-ins and tokens end at once."""
    with open_database().write() as session:
        users.deactivate(session, SYSTEM, users.get_by_email(session, SYSTEM, email))
    click.echo(f"Account {email} is locked.")


@user.command()
@click.argument("email")
def activate(email: str) -> None:
    """Unlock the account EMAIL."""
    with open_database().write() as session:
        users.activate(session, SYSTEM, users.get_by_email(session, SYSTEM, email))
    click.echo(f"Account {email} is unlocked.")


@user.command("remove-second-factor")
@click.argument("email")
def remove_second_factor(email: str) -> None:
    """Take the second factor off EMAIL, whose phone is lost; their sign-ins end, and they are told by mail."""
    with open_database().write() as session:
        second_factor.remove_from(session, SYSTEM, users.get_by_email(session, SYSTEM, email))
    click.echo(f"Account {email} has no second factor any more.")
