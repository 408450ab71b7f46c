use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::clock::{Clock, ManualClock, Timestamp};
use kernel::id::{Id, IdSource};

use super::*;

struct Campus {
    clock: Arc<ManualClock>,
    signer: Signer,
    verifier: Verifier,
    user: Id,
}

const NOW: i64 = 1_700_000_000;

fn campus() -> Campus {
    let clock = Arc::new(ManualClock::at_micros(NOW * 1_000_000));
    let ids = IdSource::seeded(Arc::clone(&clock) as Arc<dyn Clock>, 1);
    let (pem, jwks) = generate_keys(&ids);
    let signer = Signer::from_pem(&pem).expect("a key");
    assert_eq!(signer.jwks(), jwks);
    let verifier = Verifier::new(&jwks, Arc::clone(&clock) as Arc<dyn Clock>).expect("keys");
    Campus { clock, signer, verifier, user: ids.next() }
}

fn access(campus: &Campus) -> Claims {
    Claims {
        sub: campus.user,
        username: "ana".to_owned(),
        role: UserRole::Professor,
        courses: vec!["SO1".to_owned()],
        carnet: None,
        scopes: None,
        iat: NOW,
        exp: NOW + 600,
        jti: "t1".to_owned(),
        sid: Some("s1".to_owned()),
        kind: TokenKind::Access,
    }
}

#[test]
fn a_token_is_believed_until_it_expires() {
    let campus = campus();
    let token = campus.signer.sign(&access(&campus));
    for _ in 0..2 {
        let caller = campus.verifier.verify(&token).expect("believed");
        assert_eq!((caller.user, caller.role, caller.scopes), (campus.user, UserRole::Professor, None));
        assert_eq!(caller.courses, ["SO1"]);
    }
    campus.clock.advance(Duration::from_secs(600));
    assert_eq!(campus.verifier.verify(&token), Err(TokenError::Expired), "also when its signature is remembered");
}

#[test]
fn what_we_did_not_sign_is_not_believed() {
    let campus = campus();
    let token = campus.signer.sign(&access(&campus));
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let json = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("text");
    let promoted = URL_SAFE_NO_PAD.encode(json.replace("professor", "admin"));
    let none = URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}");
    let hmac = URL_SAFE_NO_PAD.encode("{\"alg\":\"HS256\"}");
    let other_ids = IdSource::seeded(Arc::clone(&campus.clock) as Arc<dyn Clock>, 2);
    let other = Signer::from_pem(&generate_keys(&other_ids).0).expect("a key").sign(&access(&campus));
    for (what, text, error) in [
        ("claims changed", format!("{header}.{promoted}.{signature}"), TokenError::Forged),
        ("no algorithm", format!("{none}.{claims}."), TokenError::Forged),
        ("another algorithm", format!("{hmac}.{claims}.{signature}"), TokenError::Forged),
        ("another key", other, TokenError::Forged),
        ("empty", String::new(), TokenError::Malformed),
        ("two parts", format!("{header}.{claims}"), TokenError::Malformed),
        ("not base64", format!("{header}.{claims}.!"), TokenError::Malformed),
        ("endless", "a.".repeat(8192), TokenError::Malformed),
    ] {
        assert_eq!(campus.verifier.verify(&text), Err(error), "{what}");
    }
}

#[test]
fn revocation_reaches_users_tokens_and_sessions() {
    let campus = campus();
    let old = campus.signer.sign(&access(&campus));
    let new = campus.signer.sign(&Claims { iat: NOW + 1, jti: "t2".into(), sid: Some("s2".into()), ..access(&campus) });
    let verdicts = || [campus.verifier.verify(&old).is_ok(), campus.verifier.verify(&new).is_ok()];
    assert_eq!(verdicts(), [true, true]);
    let at = Timestamp::from_micros(NOW * 1_000_000);
    let by_user = Revocations { users: [(campus.user, at)].into(), tokens: [].into() };
    campus.verifier.set_revocations(by_user.clone());
    assert_eq!(verdicts(), [false, true], "tokens made at or before the moment are dead");
    for id in ["t2", "s2"] {
        campus.verifier.set_revocations(Revocations { users: [].into(), tokens: [id.to_owned()].into() });
        assert_eq!(verdicts(), [true, false], "{id}");
    }
    let text = serde_json::to_string(&by_user).expect("serialises");
    assert_eq!(serde_json::from_str::<Revocations>(&text).expect("parses"), by_user);
}

#[test]
fn an_api_token_may_do_what_its_scopes_say_and_no_more() {
    let campus = campus();
    let claims =
        Claims { scopes: Some(vec!["files:read".to_owned()]), sid: None, kind: TokenKind::Api, ..access(&campus) };
    let token = campus.signer.sign(&claims);
    assert!(token.starts_with("bdl_"), "{token}");
    assert_eq!(token, campus.signer.sign(&claims), "the same claims give the same token");
    let caller = campus.verifier.verify(&token).expect("believed");
    assert!(caller.need_scope("files:read").is_ok());
    assert!(caller.need_scope("files:write").is_err());
    assert!(caller.need_session().is_err());
    let bare = campus.signer.sign(&Claims { scopes: None, kind: TokenKind::Api, ..access(&campus) });
    assert!(!campus.verifier.verify(&bare).expect("believed").covers("files:read"), "no scopes is nothing, not all");
}

/// The key of RFC 8037, appendix A, wrapped by OpenSSL: names and keys are the standard's, not only our own.
#[test]
fn keys_are_the_standards() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    let jwks = Signer::from_pem(pem).expect("a key").jwks();
    assert!(jwks.contains("\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""), "{jwks}");
    assert!(jwks.contains("\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\""), "{jwks}");
}

#[test]
fn damaged_keys_are_named() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    for jwks in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"RSA\"}]}"] {
        assert_eq!(Verifier::new(jwks, Arc::clone(&clock)).err(), Some(KeyError::Public), "{jwks}");
    }
    for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        assert_eq!(Signer::from_pem(pem).err(), Some(KeyError::Private), "{pem}");
    }
}
