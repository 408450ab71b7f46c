//! Disks that are small, full or read-only.

use std::path::{Path, PathBuf};

use crate::process::{privileged, run};

/// A file system in memory, of a size that can change; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Mounts one of `mebibytes` at `at`, which is made if it is not there.
    ///
    /// # Panics
    /// If this is not root and `sudo` asks for a password.
    #[must_use]
    pub fn mount(at: &Path, mebibytes: u32) -> Self {
        std::fs::create_dir_all(at).expect("the folder can be made");
        run(privileged("mount", "mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}M,mode=700,uid={}", uid()), "bedel-test"])
            .arg(at));
        Self { at: at.to_owned() }
    }

    /// Gives it another size.
    ///
    /// # Panics
    /// If it holds more.
    pub fn resize(&self, mebibytes: u32) {
        self.remount(&format!("size={mebibytes}M"));
    }

    /// Nothing can be written any more, or again.
    ///
    /// # Panics
    /// If somebody is writing just now.
    pub fn read_only(&self, read_only: bool) {
        self.remount(if read_only { "ro" } else { "rw" });
    }

    fn remount(&self, option: &str) {
        run(privileged("mount", "mount").args(["-o", &format!("remount,{option}")]).arg(&self.at));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: what still runs there ends on its own.
        let _ = privileged("umount", "mount").arg("--lazy").arg(&self.at).status();
    }
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}
