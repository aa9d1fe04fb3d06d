package peers;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;

/** A passkey: what a browser and its authenticator answer to the options of a ceremony (WebAuthn, ES256, no attestation). */
final class Authenticator {
    private static final byte PRESENT_AND_VERIFIED = 0x05;
    private static final byte HAS_CREDENTIAL = 0x40;
    private static final byte[] ID = "credential-1".getBytes(StandardCharsets.US_ASCII);

    private final String origin;
    private final KeyPair key;
    private int counter;

    Authenticator(String origin) throws GeneralSecurityException {
        this.origin = origin;
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        key = generator.generateKeyPair();
    }

    /** The body of /webauthn/register. */
    String registered(String challenge) throws GeneralSecurityException {
        var object = new ByteArrayOutputStream();
        object.write(0xa3); // a map of three
        object.writeBytes(text("fmt"));
        object.writeBytes(text("none"));
        object.writeBytes(text("attStmt"));
        object.write(0xa0);
        object.writeBytes(text("authData"));
        object.writeBytes(bytes(authenticatorData(true)));
        return """
                {"publicKey": {"label": "key", "credential": {"id": "%s", "rawId": "%s", "type": "public-key",
                 "authenticatorAttachment": "platform", "clientExtensionResults": {},
                 "response": {"clientDataJSON": "%s", "attestationObject": "%s", "transports": ["internal"]}}}}""".formatted(
                        base64(ID), base64(ID), base64(clientData("webauthn.create", challenge)), base64(object.toByteArray()));
    }

    /** The body of /login/webauthn. */
    String asserted(String challenge, String userHandle) throws GeneralSecurityException {
        byte[] data = authenticatorData(false);
        byte[] client = clientData("webauthn.get", challenge);
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key.getPrivate());
        signature.update(data);
        signature.update(sha256(client));
        return """
                {"id": "%s", "rawId": "%s", "type": "public-key", "authenticatorAttachment": "platform",
                 "clientExtensionResults": {}, "response": {"clientDataJSON": "%s", "authenticatorData": "%s",
                 "signature": "%s", "userHandle": "%s"}}""".formatted(
                        base64(ID), base64(ID), base64(client), base64(data), base64(signature.sign()), userHandle);
    }

    private byte[] clientData(String type, String challenge) {
        return "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}"
                .formatted(type, challenge, origin)
                .getBytes(StandardCharsets.UTF_8);
    }

    private byte[] authenticatorData(boolean withKey) throws GeneralSecurityException {
        var data = new ByteArrayOutputStream();
        data.writeBytes(sha256("localhost".getBytes(StandardCharsets.US_ASCII)));
        data.write(withKey ? PRESENT_AND_VERIFIED | HAS_CREDENTIAL : PRESENT_AND_VERIFIED);
        data.writeBytes(ByteBuffer.allocate(4).putInt(++counter).array());
        if (!withKey) return data.toByteArray();
        data.writeBytes(new byte[16]); // of no certain make
        data.writeBytes(ByteBuffer.allocate(2).putShort((short) ID.length).array());
        data.writeBytes(ID);
        var point = ((ECPublicKey) key.getPublic()).getW();
        data.writeBytes(new byte[] {(byte) 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21}); // EC2, ES256, P-256, x
        data.writeBytes(bytes(coordinate(point.getAffineX())));
        data.write(0x22); // y
        data.writeBytes(bytes(coordinate(point.getAffineY())));
        return data.toByteArray();
    }

    private static byte[] coordinate(BigInteger value) {
        byte[] bytes = value.toByteArray();
        byte[] padded = new byte[32];
        int length = Math.min(bytes.length, padded.length);
        System.arraycopy(bytes, bytes.length - length, padded, padded.length - length, length);
        return padded;
    }

    // --- CBOR --------------------------------------------------------------------------------------------------------

    private static byte[] text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(1 + bytes.length).put((byte) (0x60 + bytes.length)).put(bytes).array();
    }

    private static byte[] bytes(byte[] bytes) {
        return ByteBuffer.allocate(3 + bytes.length)
                .put((byte) 0x59)
                .putShort((short) bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] sha256(byte[] bytes) throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256").digest(bytes);
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
