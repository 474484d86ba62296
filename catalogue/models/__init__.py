"""What things are: columns, constraints and properties that look only at themselves."""

from catalogue.models.action import Action, ActionState
from catalogue.models.audit import AuditEvent
from catalogue.models.bookmark import Bookmark
from catalogue.models.bulk import BulkChange, BulkKind
from catalogue.models.commitment import CommitmentState, RunCommitment
from catalogue.models.company import Company, CompanyImport, CompanyRole, Invitation, Membership, SizeClass
from catalogue.models.company_calendar import CompanyCalendar
from catalogue.models.company_link import CompanyLink, LinkPurpose
from catalogue.models.cooperation import CooperationDirection, CooperationEntry, CooperationKind, Introduction
from catalogue.models.decision import Decision, DecisionKind, DecisionState
from catalogue.models.demand import Confidentiality, Demand, DemandEvent, DemandSource, Purpose, Relevance
from catalogue.models.demand_import import DemandImport
from catalogue.models.digest import Digest
from catalogue.models.feedback import (
    Feedback,
    FeedbackAction,
    FeedbackKind,
    FeedbackState,
    FeedbackStep,
    FeedbackVisibility,
)
from catalogue.models.identity import Identity
from catalogue.models.imports import ImportFile, ImportRow, ImportRun, ImportState, ModuleLock, RowKind
from catalogue.models.index_queue import IndexQueue
from catalogue.models.link_check import LinkCheck
from catalogue.models.measure import Measure, MeasureModule, MeasurePrerequisite
from catalogue.models.merge import ModuleDistinct, ModuleMerge
from catalogue.models.module import Module, ModuleVersion, OfferStatus, WorkflowState, module_term
from catalogue.models.operation import Job, Switch
from catalogue.models.outbox import OutboxMail
from catalogue.models.pending import Confirmation, ConfirmationAnswer, PendingVersion
from catalogue.models.privacy import ErasedAccount, NoticeShown, PersonCopy
from catalogue.models.provider import Programme, ProgrammeKind, Provider
from catalogue.models.report import FrozenReport, ReportLink
from catalogue.models.retreat import (
    Importance,
    Recommendation,
    Retreat,
    RetreatItem,
    RetreatParticipant,
    RetreatState,
    RetreatVote,
    Voting,
    VotingWay,
)
from catalogue.models.run import Run, RunState
from catalogue.models.saved_search import Frequency, SavedSearch
from catalogue.models.search_gap import SearchGap
from catalogue.models.second_factor import RecoveryCode, SecondFactor
from catalogue.models.sent_form import SentForm
from catalogue.models.source import Source, SourceInterval, SourceItem, SourceKind, SourceOutcome, SourceRun
from catalogue.models.swot import SwotScope, SwotText, SwotVersion
from catalogue.models.synonym import SynonymKind, SynonymRule
from catalogue.models.user import ApiToken, LoginAttempt, NetworkRole, OneTimeLink, TokenScope, User, UserSession
from catalogue.models.vocabulary import Term, Vocabulary
from catalogue.models.wish import Wish, WishState, WishSupport

__all__ = [
    "Action", "ActionState", "ApiToken", "AuditEvent", "Bookmark", "BulkChange", "BulkKind", "CommitmentState", "Company",
    "CompanyImport", "CompanyRole", "Confidentiality", "Confirmation", "ConfirmationAnswer", "CooperationDirection", "CooperationEntry", "CooperationKind", "Introduction", "Decision",
    "DecisionKind", "DecisionState", "Demand", "DemandEvent", "DemandSource", "Digest", "Feedback", "FeedbackAction",
    "FeedbackKind", "FeedbackState", "FeedbackStep",
    "FeedbackVisibility", "Frequency", "Identity", "ImportFile", "ImportRow", "ImportRun", "ImportState", "IndexQueue", "Job",
    "Invitation", "LinkCheck", "LinkPurpose", "LoginAttempt", "Measure", "MeasureModule", "MeasurePrerequisite", "Membership", "Module",
    "ModuleDistinct", "ModuleLock", "ModuleMerge", "ModuleVersion",
    "NetworkRole", "OfferStatus", "OneTimeLink", "OutboxMail", "PendingVersion", "Programme", "ProgrammeKind",
    "Provider", "Purpose", "RecoveryCode", "Relevance", "RowKind", "Run", "RunCommitment", "RunState", "SavedSearch", "SearchGap", "SentForm", "SecondFactor", "SizeClass",
    "Source", "SourceInterval", "SourceItem", "SourceKind", "SourceOutcome", "SourceRun", "SwotScope", "SwotText", "SwotVersion", "Switch", "SynonymKind", "SynonymRule", "Term", "TokenScope", "User", "UserSession", "Vocabulary", "Wish", "WishState", "WishSupport",
    "WorkflowState", "module_term",
    "FrozenReport", "ReportLink",
    "Importance", "Recommendation", "Retreat", "RetreatItem", "RetreatParticipant", "RetreatState", "RetreatVote", "Voting", "VotingWay",
    "CompanyCalendar", "CompanyLink", "DemandImport", "ErasedAccount", "NoticeShown", "PersonCopy",
]  # fmt: skip
