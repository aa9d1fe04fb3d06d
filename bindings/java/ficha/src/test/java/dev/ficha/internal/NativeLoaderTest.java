package dev.ficha.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NativeLoaderTest {
    @Test
    void aPlatformIsNamedBySystemMachineAndLibc() {
        assertEquals("linux-x86_64", NativeLoader.platform("Linux", "amd64", false));
        assertEquals("linux-aarch64-musl", NativeLoader.platform("Linux", "arm64", true));
        assertEquals("macosx-aarch64", NativeLoader.platform("Mac OS X", "aarch64", false));
    }

    @Test
    void aDamagedLibraryIsNotLoaded() {
        byte[] content = {1, 2, 3};
        NativeLoader.verify(content, NativeLoader.sha256(content), "here");
        var error = assertThrows(
                UnsatisfiedLinkError.class,
                () -> NativeLoader.verify(new byte[] {1}, NativeLoader.sha256(content), "here"));
        assertTrue(error.getMessage().contains("here is damaged"));
    }
}
