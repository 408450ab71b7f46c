//! Network namespaces: clients behind a link that goes down, comes back and is narrow.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};

use crate::claim::Claim;
use crate::process::{privileged, run};

/// A namespace with a veth pair to this machine's own; removed when dropped, as are those of a test that was killed.
///
/// The addresses are of 198.18.0.0/15, set aside for tests of networks by RFC 2544.
#[derive(Debug)]
pub struct Link {
    claim: Claim,
}

impl Link {
    /// Makes one, up and of full speed.
    ///
    /// # Panics
    /// If this is not root and `sudo` asks for a password, or the kernel has no namespaces.
    #[must_use]
    pub fn new() -> Self {
        // The number is in every name, so whoever claims it may remove what its last holder left.
        let link = Self { claim: Claim::take("link", 0..4096, |_| true) };
        link.remove();
        let (namespace, near, far) = (link.namespace(), link.near(), link.far());
        ip(&["netns", "add", &namespace]);
        ip(&["link", "add", &near, "type", "veth", "peer", "name", &far, "netns", &namespace]);
        ip(&["address", "add", &format!("{}/30", link.near_address()), "dev", &near]);
        ip(&["link", "set", &near, "up"]);
        ip(&["-netns", &namespace, "address", "add", &format!("{}/30", link.far_address()), "dev", &far]);
        ip(&["-netns", &namespace, "link", "set", "lo", "up"]);
        ip(&["-netns", &namespace, "link", "set", &far, "up"]);
        link
    }

    /// The near end: what clients in the namespace connect to. Bind it, or 0.0.0.0, outside.
    #[must_use]
    pub fn near_address(&self) -> IpAddr {
        self.address(1)
    }

    /// The far end: what clients in the namespace connect from.
    #[must_use]
    pub fn far_address(&self) -> IpAddr {
        self.address(2)
    }

    /// A command that runs inside.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = privileged("ip", "iproute2");
        command.args(["netns", "exec", &self.namespace()]).arg(program);
        command
    }

    /// Pulls the plug: packets are lost, connections hang.
    pub fn down(&self) {
        ip(&["link", "set", &self.near(), "down"]);
    }

    /// Plugs in again; connections that were not given up go on.
    pub fn up(&self) {
        ip(&["link", "set", &self.near(), "up"]);
    }

    /// Pulls the plug at the far end. Unlike [`down`](Self::down) it leaves this machine's route to the link, so that nothing
    /// meant for the far end is sent another way, where somebody might answer in its place.
    pub fn far_down(&self) {
        ip(&["-netns", &self.namespace(), "link", "set", &self.far(), "down"]);
    }

    /// Plugs in again at the far end.
    pub fn far_up(&self) {
        ip(&["-netns", &self.namespace(), "link", "set", &self.far(), "up"]);
    }

    /// Narrows the link to `kbit_per_second` in each direction (a token bucket, `tbf`).
    pub fn shape(&self, kbit_per_second: u32) {
        let rate = format!("{kbit_per_second}kbit");
        self.bucket(["rate", &rate, "burst", "32kbit", "latency", "400ms"]);
    }

    /// Loses every packet in both directions: none fits into a bucket of ten bytes. Unlike [`down`](Self::down) it leaves
    /// the addresses of both ends in use, each on its own side. [`unshape`](Self::unshape) ends it.
    pub fn lose_all(&self) {
        self.bucket(["rate", "8kbit", "burst", "10", "limit", "10"]);
    }

    fn bucket(&self, settings: [&str; 6]) {
        let bucket = [&["root", "tbf"], &settings[..]].concat();
        run(privileged("tc", "iproute2").args(["qdisc", "replace", "dev", &self.near()]).args(&bucket));
        let (namespace, far) = (self.namespace(), self.far());
        run(privileged("tc", "iproute2").args(["-netns", &namespace, "qdisc", "replace", "dev", &far]).args(bucket));
    }

    /// Full speed again.
    pub fn unshape(&self) {
        run(privileged("tc", "iproute2").args(["qdisc", "del", "dev", &self.near(), "root"]));
        run(privileged("tc", "iproute2").args([
            "-netns",
            &self.namespace(),
            "qdisc",
            "del",
            "dev",
            &self.far(),
            "root",
        ]));
    }

    fn namespace(&self) -> String {
        format!("bedel-test-{}", self.claim.number())
    }

    fn near(&self) -> String {
        format!("bdlt{}n", self.claim.number())
    }

    fn far(&self) -> String {
        format!("bdlt{}f", self.claim.number())
    }

    fn address(&self, host: u8) -> IpAddr {
        let [high, low] = (self.claim.number() << 2).to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(198, 18, high, low | host))
    }

    fn remove(&self) {
        // The veth pair goes with its far end.
        let _ = privileged("ip", "iproute2").args(["netns", "del", &self.namespace()]).stderr(Stdio::null()).status();
        let _ = privileged("ip", "iproute2").args(["link", "del", &self.near()]).stderr(Stdio::null()).status();
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.remove();
    }
}

fn ip(arguments: &[&str]) {
    run(privileged("ip", "iproute2").args(arguments));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    fn ping(link: &Link) -> bool {
        link.command("sh")
            .args(["-c", "timeout 5 bash -c \"exec 3<>/dev/tcp/$0/$1\"", &link.near_address().to_string()])
            .arg(port(link).to_string())
            .stderr(Stdio::null())
            .status()
            .expect("sh runs")
            .success()
    }

    fn port(link: &Link) -> u16 {
        30_000 + link.claim.number() % 1000
    }

    #[test]
    fn a_link_goes_down_comes_back_is_narrow_and_leaves_nothing() {
        let link = Link::new();
        let listener = TcpListener::bind((link.near_address(), port(&link))).expect("the near end is ours");
        assert!(ping(&link));
        link.down();
        assert!(!ping(&link));
        link.up();
        assert!(ping(&link));
        link.far_down();
        assert!(!ping(&link));
        link.far_up();
        assert!(ping(&link));

        link.shape(800);
        let target = format!("/dev/tcp/{}/{}", link.near_address(), port(&link));
        let mut sender = link.command("bash");
        sender.args(["-c", &format!("head -c 150000 /dev/zero > {target}")]);
        let begun = Instant::now();
        let mut sender = crate::process::Guard::spawn(&mut sender);
        let mut received = 0;
        for connection in listener.incoming() {
            received = connection.expect("accepted").read_to_end(&mut Vec::new()).expect("received");
            if received > 0 {
                break; // those of `ping` sent nothing
            }
        }
        assert_eq!(received, 150_000);
        assert!(begun.elapsed() > Duration::from_secs(1), "1.2 Mbit took {:?} at 0.8 Mbit/s", begun.elapsed());
        assert!(sender.child().wait().expect("ended").success());
        link.unshape();

        let namespace = link.namespace();
        drop(link);
        assert!(!run(privileged("ip", "iproute2").args(["netns", "list"])).contains(&format!("{namespace} ")));
    }

    #[test]
    fn a_link_that_loses_all_leaves_each_side_to_itself() {
        let link = Link::new();
        let place = (link.near_address(), port(&link));
        let _listener = TcpListener::bind(place).expect("the near end is ours");
        link.lose_all();
        assert!(!ping(&link));
        std::net::TcpStream::connect(place).expect("this machine reaches itself");
        link.unshape();
        assert!(ping(&link));
    }

    #[test]
    fn two_links_do_not_meet() {
        let (one, other) = (Link::new(), Link::new());
        assert_ne!(one.near_address(), other.near_address());
        assert_ne!(one.namespace(), other.namespace());
    }
}
