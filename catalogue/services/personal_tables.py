"""The table behind ``personal_data``: one entry per database table that holds something about people, and why the others hold nothing."""

from catalogue.services.personal_data import Fate, Holding, Kept, Scope
from catalogue.texts import N_

__all__ = ["HOLDINGS", "NOBODY"]

DELETE, EMPTY, PSEUDONYM = Fate.DELETE, Fate.EMPTY, Fate.PSEUDONYM
OWN, STAFF = Scope.OWN, Scope.STAFF
BY_STAFF = "work of the network office; that the person did it is in the copy of the record"

HOLDINGS: dict[str, Holding] = {
    # the account
    "user": Holding(
        N_("Ihr Konto"), Kept.ACCOUNT, "inactive", {"id": DELETE}, addresses={"email": DELETE}, key="account",
        fields=("email", "name", "network_role", "language", "active", "last_login_at", "previous_login_at", "second_factor_at", "created_at", "warned_at", "reminded_at"),
        others=("password_hash",),
    ),
    "user_session": Holding(
        N_("Ihre Anmeldungen"), Kept.PERIOD, "sessions", {"user_id": DELETE}, key="sign_ins",
        fields=("created_at", "seen_at", "expires_at", "confirmed_at", "address", "browser"), others=("token_hash", "rights"),
    ),
    "identity": Holding(
        N_("Konten anderswo, mit denen Sie sich anmelden"), Kept.ACCOUNT, "", {"user_id": DELETE}, key="identities",
        fields=("issuer", "subject", "email", "created_at", "used_at"),
    ),
    "one_time_link": Holding(
        N_("Links, die Ihnen geschickt wurden"), Kept.PERIOD, "one_time_links", {"user_id": DELETE}, addresses={"email": DELETE},
        key="one_time_links", fields=("purpose", "email", "created_at", "expires_at", "used_at"), others=("token_hash",),
    ),
    "api_token": Holding(
        N_("Ihre Schlüssel für Programme"), Kept.ACCOUNT, "", {"user_id": DELETE}, key="api_tokens",
        fields=("name", "scope", "created_at", "used_at", "expires_at", "revoked_at"), others=("token_hash",),
    ),
    "second_factor": Holding(
        N_("Der zweite Faktor Ihres Kontos"), Kept.ACCOUNT, "", {"user_id": DELETE},
        withheld="a secret, sealed; that there is one stands with the account", others=("seed",),
    ),
    "recovery_code": Holding(
        N_("Ihre Wiederherstellungscodes, nur als Prüfwert"), Kept.ACCOUNT, "", {"user_id": DELETE},
        withheld="hashes of secrets; that they exist stands with the account", others=("name", "code_hash"),
    ),
    "login_attempt": Holding(
        N_("Fehlgeschlagene Anmeldungen, nur als Prüfwert"), Kept.PERIOD, "login_attempts",
        withheld="hashes of addresses and networks, for one day; they cannot be read back", others=("key",),
    ),
    "membership": Holding(
        N_("Ihr Unternehmen und Ihre Rolle"), Kept.ACCOUNT, "", {"user_id": DELETE}, key="memberships",
        fields=("company_id", "role", "created_at"),
    ),
    "invitation": Holding(
        N_("Einladungen und Anfragen"), Kept.PERIOD, "invitations", {"created_by_id": EMPTY}, {"decided_by": ""},
        {"email": DELETE}, key="invitations",
        fields=("email", "name", "company_text", "company_id", "role", "created_at", "requested_at", "verified_at", "accepted_at"),
        others=("token_hash",),
    ),
    "outbox_mail": Holding(
        N_("Mails an Sie"), Kept.PERIOD, "mails", addresses={"to": DELETE},
        texts={"subject": OWN, "text": OWN, "html": OWN}, key="mails", fields=("to", "subject", "created_at", "sent_at"),
        others=("last_error", "dedupe_key", "unsubscribe_url"),
    ),
    "audit_event": Holding(
        N_("Protokoll: was Sie getan haben und was mit Ihrem Konto geschah"), Kept.PERIOD, "audit", {"user_id": PSEUDONYM},
        {"user_label": "user_id", "thing_label": ""}, echoes=("details",), key="record",
        fields=("at", "action", "thing", "company_id"),
    ),
    # only for oneself
    "bookmark": Holding(N_("Ihre Merkliste"), Kept.ACCOUNT, "", {"user_id": DELETE}, key="bookmarks", fields=("module_id", "at")),
    "saved_search": Holding(
        N_("Ihre gespeicherten Suchen"), Kept.ACCOUNT, "", {"user_id": DELETE}, key="saved_searches",
        fields=("name", "question", "frequency", "created_at", "last_sent_at"), others=("seen",),
    ),
    "digest": Holding(
        N_("Ihre Übersicht per Mail"), Kept.ACCOUNT, "", {"user_id": DELETE}, key="digest", fields=("frequency", "last_sent_at")
    ),
    # what somebody said for a company: it stays with the company
    "demand": Holding(
        N_("Bedarf, den Sie für Ihr Unternehmen angegeben haben"), Kept.COMPANY, "", {"updated_by_id": EMPTY},
        texts={"note": OWN, "refusal": OWN, "place": OWN}, key="demand", fields=("module_id", "company_id", "updated_at"),
        shared=("relevance", "purposes", "people", "period", "format_code", "place", "note", "confidentiality", "withdrawn_at"),
    ),
    "demand_event": Holding(
        N_("Ihre Änderungen am Bedarf"), Kept.COMPANY, "", {"user_id": EMPTY}, {"user_label": "user_id"},
        texts={"snapshot": OWN}, key="demand_changes", fields=("at", "module_id", "company_id", "action"), shared=("snapshot",),
    ),
    "wish": Holding(
        N_("Ihre Wünsche"), Kept.COMPANY, "", {"user_id": EMPTY, "answered_by_id": EMPTY},
        texts={"title": OWN, "text": OWN, "answer": OWN}, key="wishes", fields=("company_id", "state", "created_at"),
        shared=("title", "text", "people", "period", "confidentiality", "answer", "answered_at"),
    ),
    "wish_support": Holding(
        N_("Wünsche, denen Sie sich angeschlossen haben"), Kept.COMPANY, "", {"user_id": EMPTY}, key="supported_wishes",
        fields=("wish_id", "company_id", "at"),
    ),
    "feedback": Holding(
        N_("Ihre Rückmeldungen"), Kept.COMPANY, "", {"user_id": EMPTY, "answered_by_id": EMPTY},
        texts={"text": OWN, "answer": OWN, "hidden_reason": OWN}, key="feedback",
        fields=("module_id", "company_id", "kind", "visibility", "state", "created_at"), shared=("text", "answer", "answered_at"),
    ),
    "feedback_step": Holding(
        N_("Ihre Antworten auf Rückmeldungen"), Kept.COMPANY, "", {"user_id": EMPTY}, texts={"text": STAFF},
        key="feedback_steps", fields=("at", "action"),
    ),
    "cooperation_entry": Holding(
        N_("Angebote und Gesuche"), Kept.COMPANY, "", {"user_id": EMPTY},
        texts={"text": OWN, "contact": OWN, "place": OWN, "capacity": OWN, "previous": OWN}, key="cooperation",
        fields=("company_id", "direction", "kind", "created_at"), shared=("text", "contact", "place", "capacity", "period"),
    ),
    "introduction": Holding(
        N_("Vermittlungen"), Kept.COMPANY, "", {"user_id": EMPTY}, {"user_label": "user_id"}, withheld=BY_STAFF
    ),
    "run_commitment": Holding(
        N_("Zusagen zu Terminen"), Kept.COMPANY, "", {"answered_by_id": EMPTY}, key="commitments",
        fields=("run_id", "company_id", "answered_at"), shared=("state", "people", "period"), others=("asked_at",),
    ),
    "company": Holding(
        N_("Notizen des Netzwerkbüros zum Unternehmen"), Kept.COMPANY, texts={"note": OWN},
        withheld="notes about a company, not about a person; the office answers questions about them", others=("name", "sort_name", "email_domains"),
    ),
    "company_link": Holding(
        N_("Links ohne Konto, die an Sie gingen"), Kept.PERIOD, "company_links", {}, {"created_by": ""}, {"email": EMPTY},
        key="company_links", fields=("company_id", "purpose", "email", "created_at", "expires_at", "used_at"), others=("subjects",),
    ),
    "demand_import": Holding(
        N_("Umfragen"), Kept.WORK, "uploads", {"user_id": EMPTY}, {"user_label": "user_id", "applied_by": "", "undone_by": ""},
        texts={"lines": STAFF, "changes": STAFF, "about": STAFF, "file_name": STAFF}, withheld=BY_STAFF, others=("headings", "kept"),
    ),
    # work of the network office
    "decision": Holding(
        N_("Entscheidungen, für die Sie verantwortlich sind"), Kept.WORK, "", {"responsible_id": EMPTY, "decided_by_id": EMPTY},
        {"responsible": "responsible_id", "decided_by": "decided_by_id"},
        texts=dict.fromkeys(("answer", "reason", "done_note", "end_reason"), STAFF), key="decisions",
        fields=("module_id", "kind", "state", "due_on", "decided_on"),
    ),
    "action": Holding(
        N_("Aufgaben, für die Sie verantwortlich sind"), Kept.WORK, "", {"responsible_id": EMPTY, "created_by_id": EMPTY},
        {"responsible": "responsible_id"}, texts={"title": STAFF, "note": STAFF}, key="actions",
        fields=("title", "state", "due_on", "ended_at"),
    ),
    "module": Holding(
        N_("Module, die Sie prüfen sollen"), Kept.WORK, "", {"reviewer_id": EMPTY}, {"confirmed_by": ""}, key="reviews",
        fields=("title", "state"),
        others=(
            "summary", "description", "objectives", "contents", "prerequisites", "audience_text", "level_text", "format_text",
            "place_text", "languages", "duration_text", "certificate_text", "certificate_validity", "price_text", "provider_text",
            "more_sources",
        ),
    ),
    "module_version": Holding(
        N_("Ihre Änderungen an Modulen"), Kept.WORK, "", {"user_id": EMPTY}, {"user_label": "user_id"}, key="module_changes",
        fields=("at", "module_id", "action"), others=("changed", "snapshot"),
    ),
    "pending_version": Holding(
        N_("Fassungen, die auf Prüfung warten"), Kept.WORK, "", {"user_id": EMPTY, "reviewer_id": EMPTY}, {"user_label": ""},
        texts={"note": OWN}, key="pending_versions", fields=("module_id", "note", "created_at"), others=("base", "snapshot"),
    ),
    "confirmation": Holding(
        N_("Bitten an Anbieter, ein Modul zu bestätigen"), Kept.PERIOD, "confirmations", {}, {"asked_by": ""}, {"email": EMPTY},
        key="confirmations", fields=("module_id", "email", "created_at", "used_at"), others=("token_hash", "answer"),
    ),
    "provider": Holding(
        N_("Ansprechpersonen von Anbietern"), Kept.WORK, "", addresses={"contact_email": EMPTY}, key="provider_contacts",
        fields=("name", "contact_name", "contact_email", "contact_phone"), others=("about", "sort_name"),
    ),
    "frozen_report": Holding(
        N_("Berichte, die Sie festgehalten haben"), Kept.WORK, "", {"made_by_id": EMPTY}, {"made_by_label": "made_by_id"},
        key="reports", fields=("title", "as_of", "made_at"),
        others=("purpose", "query", "summary", "figures", "basis", "disclosed", "method"),
    ),
    "report_link": Holding(
        N_("Links auf Berichte, die Sie ausgegeben haben"), Kept.WORK, "", {"created_by_id": EMPTY},
        {"created_by_label": "created_by_id"}, texts={"name": STAFF}, key="report_links",
        fields=("name", "created_at", "expires_at"), others=("token_hash",),
    ),
    "company_calendar": Holding(
        N_("Kalenderadressen Ihres Unternehmens, die Sie gemacht haben"), Kept.WORK, "", {"created_by_id": EMPTY},
        {"created_by_label": "created_by_id"}, texts={"name": OWN}, key="company_calendars",
        fields=("company_id", "created_at", "revoked_at"), others=("token_hash",),
    ),
    "bulk_change": Holding(
        N_("Sammeländerungen"), Kept.WORK, "", {"user_id": EMPTY}, {"user_label": "user_id", "undone_by": ""}, withheld=BY_STAFF,
        others=("about", "entries", "moved", "skipped", "conflicts"),
    ),
    "module_merge": Holding(
        N_("Zusammenführungen"), Kept.WORK, "", {"user_id": EMPTY}, {"user_label": "user_id", "undone_by": ""},
        texts={"moved": STAFF}, withheld=BY_STAFF,
    ),
    "module_distinct": Holding(N_("„Kein Duplikat“"), Kept.WORK, names={"user_label": ""}, withheld=BY_STAFF),
    "module_lock": Holding(N_("Felder, die Importe nicht ändern"), Kept.WORK, names={"user_label": ""}, withheld=BY_STAFF),
    "import_run": Holding(
        N_("Importe von Listen"), Kept.WORK, "uploads", {"user_id": EMPTY},
        {"user_label": "user_id", "applied_by": "", "undone_by": ""}, withheld=BY_STAFF,
        others=("file_name", "about", "asked_at", "headings", "mapping", "counts", "problem", "conflicts"),
    ),
    "import_row": Holding(
        N_("Zeilen von Importen"), Kept.PERIOD, "uploads", echoes=("changes",), withheld=BY_STAFF,
        others=("label", "values", "errors", "cells"),
    ),
    "company_import": Holding(
        N_("Listen von Unternehmen"), Kept.WORK, "uploads", {"user_id": EMPTY},
        {"user_label": "user_id", "applied_by": "", "undone_by": ""}, texts={"lines": STAFF, "changes": STAFF}, withheld=BY_STAFF,
        others=("file_name", "about", "headings", "conflicts"),
    ),
    "source_run": Holding(
        N_("Läufe von Quellen"), Kept.PERIOD, "source_runs", names={"user_label": ""}, withheld=BY_STAFF,
        others=("counts", "problem", "notes"),
    ),
    "swot_text": Holding(N_("Texte der SWOT"), Kept.WORK, names={"edited_by": ""}, texts={"text": STAFF}, withheld=BY_STAFF),
    "swot_version": Holding(
        N_("Ältere Texte der SWOT"), Kept.WORK, names={"user_label": ""}, texts={"text": STAFF}, withheld=BY_STAFF
    ),
    "synonym_rule": Holding(
        N_("Synonyme"), Kept.WORK, "", {"created_by_id": EMPTY}, withheld=BY_STAFF, others=("terms", "targets", "note")
    ),
    # rights of people
    "person_copy": Holding(
        N_("Kopien Ihrer Daten, die Sie angefordert haben"), Kept.PERIOD, "person_copies", {"user_id": DELETE},
        key="copies", fields=("asked_at", "made_at"), others=("content",),
    ),
    "notice_shown": Holding(
        N_("Welche Fassung der Datenschutzhinweise Ihnen wann gezeigt wurde"), Kept.ACCOUNT, "", {"user_id": DELETE},
        key="notices", fields=("version", "shown_at"),
    ),
    "erased_account": Holding(
        N_("Liste der Löschungen, nur als Prüfwert"), Kept.PERIOD, "erased_accounts",
        withheld="hashes of ids that lead to nobody any more", others=("id_hash",),
    ),
    # outsiders
    "retreat_participant": Holding(
        N_("Telefone in einer Klausur, ohne Konto"), Kept.PERIOD, "retreats",
        withheld="belongs to no account; deleted when the Klausur ends", others=("label", "token_hash"),
    ),
}  # fmt: skip

# tables that say nothing about people with an account; a column that refers to a person still fails the test
NOBODY: dict[str, str] = {
    "import_file": "lists of modules as uploaded; two weeks",
    "index_queue": "ids of modules",
    "job": "when background work last succeeded",
    "link_check": "addresses of sources and whether they answer",
    "measure": "published catalogue",
    "measure_module": "published catalogue",
    "measure_prerequisite": "published catalogue",
    "module_term": "published catalogue",
    "programme": "published catalogue",
    "retreat": "title and day of a meeting",
    "retreat_item": "questions and results of a meeting, without persons",
    "retreat_vote": "votes, whose link to a phone ends with the Klausur",
    "run": "published catalogue",
    "search_gap": "texts and counts; addresses and numbers are not counted",
    "sent_form": "hashes of forms and the page that followed; two days",
    "source": "addresses on the web",
    "source_item": "which entry is which module",
    "switch": "maintenance and its reason; who moved it is in the record",
    "term": "published catalogue",
}
