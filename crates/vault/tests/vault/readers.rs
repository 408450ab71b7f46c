//! The proof of the format: programs that know nothing of it read one archive, and all see the same tree.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};

use vault::Repository;
use vault::tar::{Extents, Kind, Mtime};

use crate::blobs::Disk;
use crate::tree::{Tree, add, archive, back_up, entry, noise};

/// Everything that is hard for a reader of tar; what few can have (holes) or only root may do (owners, devices) apart.
fn hard_tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |meta: vault::tar::Meta, data: &[u8]| {
        tree.insert(meta.name.clone(), (meta, data.to_vec()));
    };
    let text = |data: &[u8]| Kind::File { size: data.len() as u64, extents: None };
    put(entry("d/", Kind::Directory), b"");
    put(entry("d/empty", text(b"")), b"");
    let mut setuid = entry("d/setuid", text(b"#!"));
    setuid.mode = 0o4755;
    put(setuid, b"#!");
    let mut dated = entry("d/dated", text(b"then"));
    dated.mtime = Mtime { seconds: 1_234_567_890, nanos: 123_456_789 };
    put(dated, b"then");
    put(entry("d/loop", Kind::Symlink(b"loop".to_vec())), b"");
    put(entry("d/long target", Kind::Symlink([b"../".repeat(60), b"x".to_vec()].concat())), b"");
    put(entry("d/pipe", Kind::Fifo), b"");
    let mut again = entry("d/dated again", Kind::HardLink(b"d/dated".to_vec()));
    again.mtime = Mtime { seconds: 1_234_567_890, nanos: 123_456_789 };
    put(again, b"");
    put(entry(b"d/latin \xf1 \xff", text(b"bytes")), b"bytes");
    put(entry("d/ñ 日本\n\"'", text(b"utf-8")), b"utf-8");
    for (letter, unit, count) in [
        ("p", "part-of-a-long-path/", 10),
        ("q", "ñandú-y-más-cosas/", 150),
        ("r", &*format!("{}/", "x".repeat(249)), 15),
    ] {
        let mut path = format!("{letter}/");
        put(entry(&path, Kind::Directory), b"");
        for _ in 0..count {
            path += unit;
            put(entry(&path, Kind::Directory), b"");
        }
        put(entry(format!("{path}{}", "e".repeat(240)), text(b"deep")), b"deep");
    }
    let mut bytes = [b"s/", &b"\xfe".repeat(200)[..], b"/"].concat();
    put(entry("s/", Kind::Directory), b"");
    put(entry(&bytes, Kind::Directory), b"");
    bytes.extend(b"\xfd".repeat(120));
    put(entry(&bytes, text(b"not utf-8")), b"not utf-8");
    put(entry(b"s/\xff link", Kind::HardLink(bytes.clone())), b"");
    add(&mut tree, "t/huge", noise(1, 3_000_000));
    tree.insert(b"t/".to_vec(), (entry("t/", Kind::Directory), Vec::new()));
    for number in 0..300 {
        add(&mut tree, format!("t/{number:03}"), noise(number, usize::try_from(number * 37).unwrap()));
    }
    tree
}

async fn packed(tree: &Tree) -> Vec<u8> {
    let repository = Arc::new(Repository::open(Arc::new(Disk::default()), "node", 0).await.unwrap());
    back_up(&repository, tree, "/", 0).await.unwrap();
    archive(&repository, 0).await
}

/// A line for each file below a folder, as found with the shell's tools: kind, mode, size, mtime, links, name, content.
fn listing(folder: &Path) -> String {
    let script = r#"cd "$1" && export LC_ALL=C && find . -mindepth 1 -printf '%P\0%y %m %s %T@ %n %l\0' | tr '\n' '\1' |
        python3 -c '
import os, sys, hashlib
parts = sys.stdin.buffer.read().split(b"\0")[:-1]
for name, rest in sorted(zip(parts[::2], parts[1::2])):
    name = name.replace(b"\1", b"\n")
    digest = b""
    kind, mode, size, mtime, links, target = rest.split(b" ", 5)
    if kind == b"d": size = mtime = links = b""
    if kind == b"l": mode = links = mtime = b""
    if kind == b"f":
        with open(name, "rb") as content: digest = hashlib.sha256(content.read()).hexdigest().encode()
    whole = mtime.split(b".")[0]
    sys.stdout.buffer.write(b" ".join([hashlib.sha256(name).hexdigest()[:16].encode(), ascii(name[-60:]).encode(), kind, mode, size, whole, links, target, digest]) + b"\n")
'"#;
    let output = Command::new("bash").args(["-c", script, "-"]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the listing of a tree must be, from the tree itself.
fn expected(tree: &Tree) -> String {
    use sha2::Digest;
    let digest =
        |bytes: &[u8]| sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut lines: Vec<(Vec<u8>, String)> = Vec::new();
    for (meta, _) in tree.values() {
        let name = meta.name.strip_suffix(b"/").unwrap_or(&meta.name);
        let source = match &meta.kind {
            Kind::HardLink(target) => &tree[target],
            _ => &tree[&meta.name],
        };
        let linked = tree.values().any(|(other, _)| other.kind == Kind::HardLink(source.0.name.clone()));
        let (mode, mtime) = (format!("{:o}", source.0.mode), source.0.mtime.seconds);
        let links = if linked { 2 } else { 1 };
        let fields = match &source.0.kind {
            Kind::File { .. } => {
                format!("f {mode} {} {mtime} {links}  {}", source.1.len(), digest(&source.1))
            }
            Kind::Directory => format!("d {mode}     "),
            Kind::Symlink(target) => {
                format!("l  {}   {} ", target.len(), String::from_utf8_lossy(target))
            }
            Kind::Fifo => format!("p {mode} 0 {mtime} 1  "),
            other => panic!("not in the fixture: {other:?}"),
        };
        let tail = &name[name.len().saturating_sub(60)..];
        lines.push((name.to_vec(), format!("{} {} {fields}\n", &digest(name)[..16], python_ascii(tail))));
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// What Python's `ascii` makes of bytes.
fn python_ascii(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let inner: String = bytes
        .iter()
        .map(|byte| match byte {
            b'\n' => "\\n".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'\'' if quote == '\'' => "\\'".to_owned(),
            32..127 => char::from(*byte).to_string(),
            other => format!("\\x{other:02x}"),
        })
        .collect();
    format!("b{quote}{inner}{quote}")
}

/// Feeds an archive to a command that runs in an empty folder, and compares what it made there.
fn extracts(reader: &str, command: &[&str], bytes: &[u8], want: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("archive.tgz"), bytes).unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .current_dir(&out)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{reader} is not there ({error}): scripts/tools test installs it"));
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A reader that takes its input from a file closes the pipe.
        scope.spawn(move || drop(stdin.write_all(bytes)));
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{reader}: {}", said.chars().take(600).collect::<String>());
    });
    let got = listing(&out);
    let differing = want.lines().zip(got.lines()).find(|(want, got)| want != got);
    assert!(got == want, "{reader}: {} lines for {}, first {differing:?}", got.lines().count(), want.lines().count());
}

const PYTHON: &str = "
import sys, tarfile
mode, source = sys.argv[1:]
with (tarfile.open(source, mode) if mode == 'r:gz' else tarfile.open(fileobj=sys.stdin.buffer, mode=mode)) as archive:
    archive.extractall('.')
";

#[tokio::test]
async fn every_reader_sees_the_same_tree() {
    let tree = hard_tree();
    let bytes = packed(&tree).await;
    let want = expected(&tree);
    extracts("GNU tar", &["tar", "xzpf", "-"], &bytes, &want);
    extracts("bsdtar", &["bsdtar", "-xzpf", "-"], &bytes, &want);
    extracts("busybox tar", &["busybox", "tar", "xzpf", "-"], &bytes, &want);
    extracts("Python tarfile r:gz", &["python3", "-c", PYTHON, "r:gz", "../archive.tgz"], &bytes, &want);
    extracts("Python tarfile r|gz", &["python3", "-c", PYTHON, "r|gz", "-"], &bytes, &want);
}

/// Java runs a source file as it is.
const JAVA: &str = "
public class Inflate {
    public static void main(String[] arguments) throws Exception {
        try (var inflater = new java.util.zip.GZIPInputStream(System.in)) {
            inflater.transferTo(System.out);
        }
        System.out.flush();
    }
}
";

/// Programs that read gzip alone: all must see all of the tar stream.
#[tokio::test]
async fn every_inflater_sees_the_whole_stream() {
    let bytes = packed(&hard_tree()).await;
    let mut plain = Vec::new();
    flate2::bufread::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
    let perl = "use IO::Uncompress::Gunzip qw(gunzip $GunzipError); gunzip('-' => '-') or die $GunzipError";
    let python = "import sys, zlib; d = zlib.decompressobj(31); sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read())); assert d.eof and not d.unused_data";
    let node = "process.stdin.pipe(require('zlib').createGunzip()).pipe(process.stdout)";
    let stream = "new Response(require('stream').Readable.toWeb(process.stdin).pipeThrough(new DecompressionStream('gzip'))).arrayBuffer().then(b => process.stdout.write(Buffer.from(b)))";
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("Inflate.java");
    fs::write(&source, JAVA).unwrap();
    for (reader, command) in [
        ("gzip", &["gzip", "-dc"][..]),
        ("Java GZIPInputStream", &["java", source.to_str().unwrap()]),
        ("busybox gunzip", &["busybox", "gunzip", "-c"]),
        ("Perl", &["perl", "-e", perl]),
        ("Python zlib", &["python3", "-c", python]),
        ("Node zlib", &["node", "-e", node]),
        ("Node DecompressionStream", &["node", "-e", stream]),
    ] {
        let mut child = Command::new(command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{reader} is not there ({error}): scripts/tools test installs it"));
        let mut stdin = child.stdin.take().unwrap();
        let (sent, plain) = (&bytes, &plain);
        std::thread::scope(|scope| {
            scope.spawn(move || drop(stdin.write_all(sent)));
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{reader}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout == *plain, "{reader}: {} of {} bytes", output.stdout.len(), plain.len());
        });
    }
    let path = folder.path().join("archive.gz");
    fs::write(&path, &bytes).unwrap();
    assert!(Command::new("gzip").arg("-t").arg(&path).status().unwrap().success());
}

const PAGE: &str = "<!doctype html><script type=module>
const archive = await fetch('archive.tgz');
let answer;
try {
    answer = await new Response(archive.body.pipeThrough(new DecompressionStream('gzip'))).blob();
} catch (error) {
    answer = String(error);
}
await fetch('inflated', { method: 'POST', body: answer });
</script>";

/// One request to the page's server; gives the body, if there is one.
fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap() == 0 {
            return (String::new(), Vec::new());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap_or_default().to_owned(), body)
}

/// Gives the page, the archive, and what came back on the channel. A browser may open connections and leave them.
fn answer(mut stream: TcpStream, archive: &[u8], back: &mpsc::Sender<Vec<u8>>) {
    let (path, body) = request(&mut stream);
    let (kind, content) = match &*path {
        "/" => ("text/html", PAGE.as_bytes()),
        "/archive.tgz" => ("application/gzip", archive),
        "/inflated" => return drop(back.send(body)),
        _ => ("text/plain", &b""[..]),
    };
    let length = content.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content)));
}

/// What Chromium makes of an archive in a page of this test's own.
fn in_chromium(archive: Vec<u8>) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}/", listener.local_addr().unwrap());
    let (back, inflated) = mpsc::channel();
    let archive = Arc::new(archive);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (archive, back) = (Arc::clone(&archive), back.clone());
            std::thread::spawn(move || answer(stream, &archive, &back));
        }
    });
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-dev-shm-usage", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("Chromium is not there ({error}): scripts/tools test installs it"));
    let inflated = inflated.recv().unwrap();
    browser.kill().unwrap();
    browser.wait().unwrap();
    inflated
}

#[tokio::test]
async fn a_browser_sees_the_whole_stream() {
    let bytes = packed(&hard_tree()).await;
    let mut plain = Vec::new();
    flate2::bufread::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
    let inflated = in_chromium(bytes);
    let begin = String::from_utf8_lossy(&inflated[..inflated.len().min(100)]);
    assert!(inflated == plain, "{} of {} bytes: {begin}", inflated.len(), plain.len());
}

/// GNU's sparse files and POSIX's extended attributes are for those who know them.
#[tokio::test]
async fn holes_and_attributes_come_back_where_they_are_known() {
    let mut tree = Tree::new();
    let (mib, size) = (1 << 20, 40 << 20);
    let extents = Extents::new(&[(mib, 5120), (30 * mib, 400_384)], size).unwrap();
    let data = noise(5, 405_504);
    for name in [&b"holes"[..], &b"h".repeat(200), b"h \xff"] {
        tree.insert(name.to_vec(), (entry(name, Kind::File { size, extents: extents.clone() }), data.clone()));
    }
    let mut named = entry("named", Kind::File { size: 1, extents: None });
    named.xattrs = vec![(b"user.note".to_vec(), b"a\nb\0=c".to_vec()), (b"user.x%3D=".to_vec(), Vec::new())];
    tree.insert(named.name.clone(), (named, b"1".to_vec()));
    let bytes = packed(&tree).await;
    let mut spread = vec![0; usize::try_from(size).unwrap()];
    spread[1 << 20..][..5120].copy_from_slice(&data[..5120]);
    spread[30 << 20..][..400_384].copy_from_slice(&data[5120..]);
    let whole = entry("", Kind::File { size, extents: None });
    let want: Tree = tree
        .iter()
        .map(|(name, (meta, data))| match &meta.kind {
            Kind::File { extents: Some(_), .. } => {
                let meta = vault::tar::Meta { name: name.clone(), ..whole.clone() };
                (name.clone(), (meta, spread.clone()))
            }
            _ => (name.clone(), (meta.clone(), data.clone())),
        })
        .collect();
    let want = expected(&want);
    extracts("GNU tar", &["tar", "xzpf", "-"], &bytes, &want);
    extracts("bsdtar", &["bsdtar", "-xzpf", "-"], &bytes, &want);
    extracts("Python tarfile", &["python3", "-c", PYTHON, "r:gz", "../archive.tgz"], &bytes, &want);
    let attributes = "
import os, sys, subprocess
subprocess.run(['tar', 'xzpf', '../archive.tgz', '--xattrs', '--xattrs-include=*'], check=True)
got = {name: os.getxattr('named', name) for name in os.listxattr('named') if name.startswith('user.')}
assert got == {'user.note': b'a\\nb\\0=c', 'user.x%3D=': b''}, got
assert os.stat('holes').st_blocks * 512 < 4 << 20, 'the holes are holes again'
";
    extracts("GNU tar --xattrs", &["python3", "-c", attributes], &bytes, &want);
}
