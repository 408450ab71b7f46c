use std::sync::Arc;

use kernel::clock::{Clock, SystemClock};
use kernel::id::IdSource;
use rustls_pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

struct Campus {
    _folder: tempfile::TempDir,
    authority: Authority,
}

fn campus() -> Campus {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::ensure(folder.path(), SystemClock.now()).expect("makes");
    Campus { _folder: folder, authority }
}

/// An agent's key and certificate.
fn agent(campus: &Campus) -> (String, String) {
    let ids = IdSource::seeded(Arc::new(SystemClock), 1);
    let (key, request) = request().expect("a request");
    let (own, ..) = campus.authority.sign_agent(&request, ids.next(), SystemClock.now()).expect("signs");
    (key, own)
}

/// Whether both sides take each other for what they should be.
async fn meet(calling: Arc<ClientConfig>, called: Arc<ServerConfig>) -> bool {
    let (near, far) = tokio::io::duplex(1 << 16);
    let call = async {
        let name = ServerName::try_from(AGENT).expect("a name");
        let mut stream = TlsConnector::from(calling).connect(name, near).await?;
        // In TLS 1.3 who calls learns with the first answer that its certificate was refused.
        tokio::io::AsyncReadExt::read_u8(&mut stream).await
    };
    let answer = async {
        let mut stream = TlsAcceptor::from(called).accept(far).await?;
        tokio::io::AsyncWriteExt::write_u8(&mut stream, 1).await?;
        tokio::io::AsyncWriteExt::flush(&mut stream).await
    };
    let (call, answer) = tokio::join!(call, answer);
    call.is_ok() && answer.is_ok()
}

#[tokio::test]
async fn only_the_campuss_own_server_and_agents_meet() {
    let (ours, theirs) = (campus(), campus());
    let now = SystemClock.now();
    let caller = |campus: &Campus| campus.authority.caller(now).expect("TLS");
    let (key, own) = agent(&ours);
    let pem = ours.authority.pem();
    let listens = || called(&key, &own, pem).expect("TLS");
    assert!(meet(caller(&ours), listens()).await);
    assert!(!meet(caller(&theirs), listens()).await, "another campus's server");
    let (their_key, their_own) = agent(&theirs);
    let posing = called(&their_key, &their_own, pem).expect("TLS");
    assert!(!meet(caller(&ours), posing).await, "another campus's agent");

    let nobody = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots(&certificate(pem).expect("PEM")).expect("roots"));
    assert!(!meet(Arc::new(nobody.clone().with_no_client_auth()), listens()).await, "who shows nothing");
    let (second_key, second_own) = agent(&ours);
    let secret = PrivateKeyDer::from_pem_slice(second_key.as_bytes()).expect("a key");
    let as_server = nobody.with_client_auth_cert(vec![certificate(&second_own).expect("PEM")], secret).expect("TLS");
    assert!(!meet(Arc::new(as_server), listens()).await, "an agent that poses as the server");
}

#[test]
fn an_authority_is_made_once_and_its_key_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemClock.now();
    let first = Authority::ensure(folder.path(), now).expect("makes");
    let same = Authority::ensure(folder.path(), now).expect("reads");
    assert_eq!(same.fingerprint(), first.fingerprint());
    assert!(same.addresses().verify("it", &first.addresses().sign("it", now), now), "each server opens all addresses");
    assert!(!campus().authority.addresses().verify("it", &first.addresses().sign("it", now), now));
    let mode = std::fs::metadata(folder.path().join("backup-ca.key")).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_certificate_is_only_for_a_key_that_is_there() {
    let campus = campus();
    let ids = IdSource::seeded(Arc::new(SystemClock), 1);
    let (key, request) = request().expect("a request");
    let mut forged = request.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    for bad in [
        "",
        "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
        &String::from_utf8(forged).expect("text"),
    ] {
        assert!(campus.authority.sign_agent(bad, ids.next(), SystemClock.now()).is_err(), "{bad}");
    }
    let (own, ..) = campus.authority.sign_agent(&request, ids.next(), SystemClock.now()).expect("signs");
    check(&key, &own, campus.authority.pem()).expect("fits");
    let (other, _) = super::request().expect("a request");
    assert!(check(&other, &own, campus.authority.pem()).is_err(), "another key");
}
