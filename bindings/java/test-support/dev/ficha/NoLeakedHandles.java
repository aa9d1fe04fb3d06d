package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ficha.internal.Native;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails the class whose tests left a native client open. */
public final class NoLeakedHandles implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) {
        assertEquals(0, Native.unclosedHandles(), "native clients that were not closed");
        assertEquals(0, Native.unsubmitted(), "requests that were neither submitted nor freed");
    }
}
