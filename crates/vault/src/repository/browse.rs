//! Looking into a backup without reading it.

use std::cmp::Ordering;

use super::{Repository, RepositoryError};
use crate::chunk::Chunk;
use crate::manifest::{Entry, EntryKind, Leaf, Root};
use crate::tar::{self, Kind, ReadError, order};

/// What a manifest tells of an entry, and the chunk its headers lie in.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What it is.
    pub entry: Entry,
    chunk: Chunk,
}

impl Repository {
    /// At most `limit` entries of a backup from the first on whose name is not before `from`. To leave out a folder's
    /// content, go on from its name with the last `/` replaced by `0`, the byte after it.
    ///
    /// # Errors
    /// [`RepositoryError::NoBackup`], and what reading manifests meets.
    pub async fn entries(&self, number: u64, from: &[u8], limit: usize) -> Result<Vec<Listed>, RepositoryError> {
        let root = self.root(&self.backup(number)?.root).await?;
        let mut entries = Vec::new();
        let (mut leaf_number, mut leaf) = match self.leaf_of(&root, from).await? {
            Some((leaf_number, leaf)) => (leaf_number, Some(leaf)),
            None => (0, None),
        };
        while entries.len() < limit && leaf_number < root.leaves.len() {
            let here = match leaf.take() {
                Some(leaf) => leaf,
                None => self.leaf(&root.leaves[leaf_number].chunk).await?,
            };
            let all = here.pieces.iter().flat_map(|piece| piece.entries.iter().map(|entry| (entry, piece.chunk)));
            let wanted = all.filter(|(entry, _)| order(&entry.name, from) != Ordering::Less);
            let wanted = wanted.map(|(entry, chunk)| Listed { entry: entry.clone(), chunk });
            entries.extend(wanted.take(limit - entries.len()));
            leaf_number += 1;
        }
        Ok(entries)
    }

    /// Where each of `listed` points to, as its headers say: a symbolic link's text, the name that a hard link is another
    /// of, `None` for what is no link. Reads the chunks that links begin in, and each once if neighbours stay together.
    ///
    /// # Errors
    /// What reading chunks meets; [`RepositoryError::Entry`] if headers are not what the manifest says.
    pub async fn link_targets(&self, listed: &[Listed]) -> Result<Vec<Option<Vec<u8>>>, RepositoryError> {
        let mut targets = Vec::with_capacity(listed.len());
        let mut last: Option<(Chunk, Vec<u8>)> = None;
        for Listed { entry, chunk } in listed {
            if !matches!(entry.kind, EntryKind::Symlink | EntryKind::HardLink) {
                targets.push(None);
                continue;
            }
            let raw = match last.take().filter(|(known, _)| known == chunk) {
                Some((_, raw)) => raw,
                None => self.raw(chunk).await?,
            };
            let begin = entry.offset as usize;
            let header = raw.get(begin..begin + entry.header as usize).map(tar::read_header).transpose()?.flatten();
            let header = header.filter(|header| header.meta.name == entry.name).ok_or(ReadError::NotCanonical)?;
            targets.push(match header.meta.kind {
                Kind::Symlink(target) | Kind::HardLink(target) => Some(target),
                _ => return Err(ReadError::NotCanonical.into()),
            });
            last = Some((*chunk, raw));
        }
        Ok(targets)
    }

    /// The entry of this name: its leaf's number, its leaf, and which of the leaf's pieces it begins in.
    pub(super) async fn find(
        &self,
        root: &Root,
        name: &[u8],
    ) -> Result<Option<(usize, Leaf, usize, Entry)>, RepositoryError> {
        let Some((leaf_number, leaf)) = self.leaf_of(root, name).await? else { return Ok(None) };
        let mut places = leaf.pieces.iter().enumerate();
        let found = places.find_map(|(piece, content)| {
            content.entries.iter().find(|entry| entry.name == name).map(|entry| (piece, entry.clone()))
        });
        Ok(found.map(|(piece, entry)| (leaf_number, leaf, piece, entry)))
    }

    /// The last leaf whose first entry is not after `name`. A root has names' beginnings only, so the leaves that it
    /// cannot tell apart are read.
    async fn leaf_of(&self, root: &Root, name: &[u8]) -> Result<Option<(usize, Leaf)>, RepositoryError> {
        let may_have = |number: &usize| {
            let leaf = &root.leaves[*number];
            leaf.entries > 0 && order(&leaf.first, name) != Ordering::Greater
        };
        for number in (0..root.leaves.len()).rev().filter(may_have) {
            let leaf = self.leaf(&root.leaves[number].chunk).await?;
            if leaf.entries().next().is_some_and(|first| order(&first.name, name) != Ordering::Greater) {
                return Ok(Some((number, leaf)));
            }
        }
        Ok(None)
    }
}
