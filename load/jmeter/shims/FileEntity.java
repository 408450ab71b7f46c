package org.apache.http.entity;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Stands before HttpCore's class of this name, and says that it can be sent once: of a body that can be repeated JMeter
 * makes a String, to show what was sent, and 12 times 100 MB end its memory.
 */
public class FileEntity extends AbstractHttpEntity {
    private final File file;

    public FileEntity(File file) {
        this.file = file;
    }

    public FileEntity(File file, String type) {
        this(file);
        setContentType(type);
    }

    @Override
    public boolean isRepeatable() {
        return false;
    }

    @Override
    public boolean isStreaming() {
        return true;
    }

    @Override
    public long getContentLength() {
        return file.length();
    }

    @Override
    public InputStream getContent() throws IOException {
        return new FileInputStream(file);
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        try (InputStream in = getContent()) {
            byte[] block = new byte[64 << 10];
            for (int read = in.read(block); read >= 0; read = in.read(block)) {
                out.write(block, 0, read);
            }
        }
    }
}
