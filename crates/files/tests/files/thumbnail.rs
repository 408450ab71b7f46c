//! Images, small.

use http::Method;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use store::LocalBlobs;

use crate::support::*;

fn png(width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 7]));
    let mut out = std::io::Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut out, ImageFormat::Png).expect("encodes");
    out.into_inner()
}

async fn kept(campus: &Campus) -> Vec<std::path::PathBuf> {
    use kernel::blobs::Blobs as _;
    let blobs = LocalBlobs::open(campus.data.blobs()).expect("opens");
    let keys = blobs.list("thumbnails/").await.expect("lists");
    keys.iter().map(|key| campus.data.blobs().join(key.as_str())).collect()
}

fn path(file: &serde_json::Value) -> String {
    format!("/api/v1/files/{}/thumbnail", file["id"].as_str().expect("an id"))
}

pub(crate) async fn images_are_made_small(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let file = put(&one, &ana, "name=foto.png", png(640, 320)).await;
    let path = path(&file);
    let made = get(&one, Some(&ana), &path, &[]).await.expect(200);
    assert_eq!((made.header("content-type"), made.header("x-content-type-options")), ("image/jpeg", "nosniff"));
    assert_eq!(made.header("content-length"), made.body.len().to_string());
    let small = image::load_from_memory(&made.body).expect("an image");
    assert_eq!((small.width(), small.height()), (320, 160));
    let [blob] = <[_; 1]>::try_from(kept(&campus).await).expect("one is kept");
    // Whatever made it, it is what is kept that is sent.
    let again = get(&two, Some(&ana), &path, &[]).await.expect(200);
    assert_eq!((&again.body, again.header("etag")), (&made.body, made.header("etag")));
    get(&two, Some(&ana), &path, &[("if-none-match", made.header("etag"))]).await.expect(304);
    get(&two, Some(&ana), &path, &[("if-match", "\"other\"")]).await.expect(412);
    let head = send(two.address, request(Some(&ana), Method::HEAD, &path, &[], empty())).await.expect(200);
    assert_eq!((head.header("etag"), head.body.len()), (made.header("etag"), 0));
    get(&one, Some(&eva), &path, &[]).await.expect(404);
    // What a process that died left half-written is found out.
    std::fs::write(&blob, &made.body[..50]).expect("writes");
    assert_eq!(get(&two, Some(&ana), &path, &[]).await.expect(200).body, made.body);
    assert_eq!(std::fs::read(&blob).expect("reads"), made.body);

    let address = format!("/api/v1/files/{}?purge=true", file["id"].as_str().expect("an id"));
    call(&one, Some(&ana), Method::DELETE, &address, &[], "").await.expect(204);
    until("it goes with its file", async || {
        one.jobs.pass().await;
        kept(&campus).await.is_empty()
    })
    .await;
    std::fs::create_dir_all(blob.parent().expect("a folder")).expect("makes");
    std::fs::write(&blob, b"late").expect("writes");
    one.jobs.sweep_orphans().await;
    assert!(kept(&campus).await.is_empty(), "one that came too late is found by the sweep");
}

pub(crate) async fn images_that_are_refused(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let mut bomb = png(1, 1);
    // The header says 30,000 × 30,000, and its checksum agrees.
    bomb[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let crc32 = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc32.to_be_bytes());
    for (name, bytes, status, wanted) in [
        ("a.txt", b"hola".to_vec(), 404, "no-thumbnail"),
        ("a.svg", b"<svg/>".to_vec(), 404, "no-thumbnail"),
        ("a.png", b"hola".to_vec(), 422, "image-damaged"),
        ("b.png", png(100, 100)[..200].to_vec(), 422, "image-damaged"),
        ("c.jpg", Vec::new(), 422, "image-damaged"),
        ("bomb.png", bomb, 422, "image-too-large"),
        ("many.png", vec![0; (32 << 20) + 1], 422, "image-too-large"),
    ] {
        let file = put(&replica, &ana, &format!("name={name}"), bytes).await;
        let answer = get(&replica, Some(&ana), &path(&file), &[]).await.expect(status);
        assert_eq!(problem(&answer), wanted, "{name}");
    }
    assert!(kept(&campus).await.is_empty());
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut running = files::model::digest::Running::default();
    running.update(bytes);
    running.crc32().expect("counted from the beginning")
}
