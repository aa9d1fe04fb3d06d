package dev.ficha.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Reads what {@code requests.cpp} packs, front to back. */
public final class Unpacker {
    /** Kinds of answer, as in facade.hpp. */
    public static final int ERROR = 0;

    public static final int NONE = 1;
    public static final int SESSION = 2;
    public static final int ISSUED = 3;
    public static final int NUMBER = 4;
    public static final int FLAG = 5;
    public static final int SESSIONS = 6;
    public static final int DECISION = 7;
    public static final int TEXT = 8;
    public static final int FINDINGS = 9;
    public static final int COOKIE = 10;
    public static final int RESPONSE = 11;
    public static final int UNKNOWN = 12;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final byte[] bytes;
    private int at;

    public Unpacker(byte[] bytes, int at) {
        this.bytes = bytes;
        this.at = at;
    }

    public static int intAt(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    public static long longAt(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    public boolean hasMore() {
        return at < bytes.length;
    }

    public int position() {
        return at;
    }

    public int getByte() {
        return bytes[at++];
    }

    public int getInt() {
        at += 4;
        return intAt(bytes, at - 4);
    }

    public long getLong() {
        at += 8;
        return longAt(bytes, at - 8);
    }

    public byte[] getBytes() {
        int length = getInt();
        at += length;
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    public String getText() {
        int length = getInt();
        at += length;
        return new String(bytes, at - length, length, StandardCharsets.UTF_8);
    }

    public List<Map.Entry<String, String>> getHeaders() {
        int count = getInt();
        var headers = new ArrayList<Map.Entry<String, String>>(count);
        for (int i = 0; i < count; i++) headers.add(Map.entry(getText(), getText()));
        return Collections.unmodifiableList(headers);
    }

    public String rest() {
        return new String(bytes, at, bytes.length - at, StandardCharsets.UTF_8);
    }
}
