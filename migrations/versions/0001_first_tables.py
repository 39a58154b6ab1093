"""The first tables: clients, people, resource servers, grants, keys and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MEMBERS = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    _create_registry()
    _create_clients()
    _create_registrations()
    _create_people()
    _create_grants()
    _create_keys()
    _create_audit_log()


def downgrade() -> None:
    """Drop them, with all they hold."""
    for table in (
        "audit_events",
        "signing_keys",
        "first_memory",
        "revoked_tokens",
        "refresh_tokens",
        "token_families",
        "consents",
        "users",
        "authorization_details_types",
        "resource_servers",
        "initial_tokens",
        "registrations",
        "client_origins",
        "clients",
        "registry",
    ):
        op.drop_table(table)


def _create_registry() -> None:
    registry = op.create_table(
        "registry",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_registry")),
    )
    op.bulk_insert(registry, [{"serial": 1, "version": 1}])


def _create_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_name", sa.String(), nullable=False),
        sa.Column("auth_method", sa.String(), nullable=False),
        sa.Column("application_type", sa.String(), nullable=False),
        sa.Column("grant_types", sa.String(), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("jwks", sa.JSON(), nullable=True),
        sa.Column("jwks_uri", sa.String(), nullable=True),
        sa.Column("dpop_bound_access_tokens", sa.Boolean(), nullable=False),
        sa.Column("dpop_bound_refresh_tokens", sa.Boolean(), nullable=False),
        sa.Column("dpop_nonce", sa.String(), nullable=True),
        sa.Column("rotate_refresh_tokens", sa.Boolean(), nullable=False),
        sa.Column("require_pushed_authorization_requests", sa.Boolean(), nullable=False),
        sa.Column("require_signed_request_object", sa.Boolean(), nullable=False),
        sa.Column("request_object_signing_alg", sa.String(), nullable=True),
        sa.Column("token_endpoint_auth_signing_alg", sa.String(), nullable=True),
        sa.Column("allowed_origins", sa.JSON(), nullable=False),
        sa.Column("resource_uris", sa.JSON(), nullable=False),
        sa.Column("authorization_details_types", sa.String(), nullable=False),
        sa.Column("exchange_audiences", sa.JSON(), nullable=False),
        sa.Column("may_impersonate", sa.Boolean(), nullable=False),
        sa.Column("may_delegate", sa.Boolean(), nullable=False),
        sa.Column("unverified", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_clients"),
    )
    op.create_table(
        "client_origins",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.client_id"],
            name="fk_client_origins_client_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("origin", "client_id", name="pk_client_origins"),
    )
    op.create_index("ix_client_origins_client_id", "client_origins", ["client_id"])
    op.create_table(
        "resource_servers",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("access_token_lifetime", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("uri", name="pk_resource_servers"),
    )
    op.create_table(
        "authorization_details_types",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("resource_uri", sa.String(), nullable=True),
        sa.Column("ask_always", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("type", name="pk_authorization_details_types"),
    )


def _create_registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("initial_token", sa.String(), nullable=True),
        sa.Column("previous_hash", sa.String(), nullable=True),
        sa.Column("request_hash", sa.String(), nullable=True),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("rotated_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.client_id"],
            name="fk_registrations_client_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", name="pk_registrations"),
    )
    op.create_table(
        "initial_tokens",
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("grant_types", sa.String(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_initial_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_initial_tokens_token_hash"),
    )


def _create_people() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
    )
    op.create_table(
        "consents",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("scopes", MEMBERS, nullable=False),
        sa.Column("resources", MEMBERS, nullable=False),
        sa.Column("authorization_details", sa.JSON(), nullable=True),
        sa.Column("given_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name="fk_consents_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "client_id", name="pk_consents"),
    )
    op.create_index("ix_consents_client_id", "consents", ["client_id"])


def _create_grants() -> None:
    op.create_table(
        "token_families",
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("family_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("jkt", sa.String(), nullable=True),
        sa.Column("auth_time", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("code_hash", sa.String(), nullable=True),
        sa.Column("code_fingerprint", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("acr", sa.String(), nullable=True),
        sa.Column("authorization_details", sa.JSON(), nullable=True),
        sa.Column("born", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_token_families"),
        sa.UniqueConstraint("code_hash", name="uq_token_families_code_hash"),
    )
    for column in ("family_id", "client_id", "user_id", "expires_at"):
        op.create_index(f"ix_token_families_{column}", "token_families", [column])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("family_id", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("rotated_at", TIME, nullable=True),
        sa.Column("successor_hash", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"])
    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_revoked_tokens"),
    )
    op.create_index("ix_revoked_tokens_expires_at", "revoked_tokens", ["expires_at"])


def _create_keys() -> None:
    op.create_table(
        "first_memory",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_first_memory"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("alg", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("public_jwk", sa.String(), nullable=False),
        sa.Column("sealed_private_jwk", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("activated_at", TIME, nullable=True),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    only_active = sa.text("state = 'active'")
    op.create_index(
        "uq_signing_keys_active",
        "signing_keys",
        ["state"],
        unique=True,
        sqlite_where=only_active,
        postgresql_where=only_active,
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_events",
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("family_id", sa.String(), nullable=True),
        sa.Column("jkt", sa.String(), nullable=True),
        sa.Column("check", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_client_id_serial", "audit_events", ["client_id", "serial"])
