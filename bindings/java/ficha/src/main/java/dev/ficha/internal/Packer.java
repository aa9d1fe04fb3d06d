package dev.ficha.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;

/** Writes what {@code requests.hpp} reads: numbers in the machine's byte order, strings as length and bytes. */
public final class Packer {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private byte[] bytes;
    private int size;

    public Packer(int capacity) {
        bytes = new byte[capacity];
    }

    private int reserve(int count) {
        int at = size;
        if (count > bytes.length - at)
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, Math.addExact(at, count)));
        size = at + count;
        return at;
    }

    public Packer put(int value) {
        int at = reserve(1);
        bytes[at] = (byte) value;
        return this;
    }

    public Packer put(boolean value) {
        return put(value ? 1 : 0);
    }

    public Packer putInt(int value) {
        int at = reserve(4);
        INT.set(bytes, at, value);
        return this;
    }

    /** Replaces the number at {@code at}. */
    public void setInt(int at, int value) {
        INT.set(bytes, at, value);
    }

    public Packer putLong(long value) {
        int at = reserve(8);
        LONG.set(bytes, at, value);
        return this;
    }

    public Packer put(byte[] value) {
        putInt(value.length);
        int at = reserve(value.length);
        System.arraycopy(value, 0, bytes, at, value.length);
        return this;
    }

    /** A text as UTF-8. {@code what} names it in the error about a lone surrogate. */
    public Packer put(String text, String what) {
        return put(utf8(text, what));
    }

    public Packer put(Collection<String> texts, String what) {
        putInt(texts.size());
        for (String text : texts) put(text, what);
        return this;
    }

    /** A text of one byte per character; false if there is another character in it. */
    public boolean putLatin1(String text) {
        int length = text.length();
        int at = reserve(4 + length);
        byte[] out = bytes;
        INT.set(out, at, length);
        int all = 0;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            all |= c;
            out[at + 4 + i] = (byte) c;
        }
        return all <= 0xFF;
    }

    public static byte[] utf8(String text, String what) {
        try {
            var encoded = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
            return Arrays.copyOf(encoded.array(), encoded.limit());
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(what + ": a string with a lone surrogate is not Unicode text");
        }
    }

    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    /** The array that is written to, itself; what was written are its first {@link #size} bytes. */
    public byte[] array() {
        return bytes;
    }

    public int size() {
        return size;
    }
}
