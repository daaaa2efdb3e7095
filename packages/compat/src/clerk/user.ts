import type { StoredRecord } from "@usermeta/core";
import { stringify } from "@usermeta/core/routes";

/** What Clerk's schema of a user requires and usermeta does not know: as it is for a user who has none of it. */
const unknown = {
  username: null,
  first_name: null,
  last_name: null,
  image_url: "",
  has_image: false,
  primary_email_address_id: null,
  primary_phone_number_id: null,
  primary_web3_wallet_id: null,
  password_enabled: false,
  two_factor_enabled: false,
  totp_enabled: false,
  backup_code_enabled: false,
  mfa_enabled_at: null,
  mfa_disabled_at: null,
  email_addresses: [],
  phone_numbers: [],
  web3_wallets: [],
  passkeys: [],
  external_accounts: [],
  saml_accounts: [],
  enterprise_accounts: [],
  external_id: null,
  last_sign_in_at: null,
  last_active_at: null,
  banned: false,
  locked: false,
  lockout_expires_in_seconds: null,
  verification_attempts_remaining: null,
  delete_self_enabled: false,
  create_organization_enabled: false,
  create_organizations_limit: null,
  legal_accepted_at: null,
  locale: null,
};
const rest = JSON.stringify(unknown).slice(1);

/** A user as Clerk's Backend API shows one, as JSON text. Times are milliseconds, 0 for a user nobody wrote about. */
export function userText(record: StoredRecord): string {
  const { userId, createdAt, public: seen, private: hidden, unsafe } = record;
  const updatedAt = Math.max(seen.updatedAt, hidden.updatedAt, unsafe.updatedAt);
  return (
    `{"object":"user","id":${stringify(userId)},"public_metadata":${seen.json},"private_metadata":${hidden.json}` +
    `,"unsafe_metadata":${unsafe.json},"created_at":${createdAt},"updated_at":${updatedAt},${rest}`
  );
}
