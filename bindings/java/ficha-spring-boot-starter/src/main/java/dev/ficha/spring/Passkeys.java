package dev.ficha.spring;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.security.web.webauthn.api.AttestationConveyancePreference;
import org.springframework.security.web.webauthn.api.AuthenticationExtensionsClientInput;
import org.springframework.security.web.webauthn.api.AuthenticationExtensionsClientInputs;
import org.springframework.security.web.webauthn.api.AuthenticatorAttachment;
import org.springframework.security.web.webauthn.api.AuthenticatorSelectionCriteria;
import org.springframework.security.web.webauthn.api.AuthenticatorTransport;
import org.springframework.security.web.webauthn.api.Bytes;
import org.springframework.security.web.webauthn.api.CredProtectAuthenticationExtensionsClientInput;
import org.springframework.security.web.webauthn.api.CredProtectAuthenticationExtensionsClientInput.CredProtect;
import org.springframework.security.web.webauthn.api.CredProtectAuthenticationExtensionsClientInput.CredProtect.ProtectionPolicy;
import org.springframework.security.web.webauthn.api.ImmutableAuthenticationExtensionsClientInput;
import org.springframework.security.web.webauthn.api.ImmutableAuthenticationExtensionsClientInputs;
import org.springframework.security.web.webauthn.api.ImmutablePublicKeyCredentialUserEntity;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialCreationOptions;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialDescriptor;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialParameters;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialRequestOptions;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialRpEntity;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialType;
import org.springframework.security.web.webauthn.api.ResidentKeyRequirement;
import org.springframework.security.web.webauthn.api.UserVerificationRequirement;
import org.springframework.security.web.webauthn.jackson.WebauthnJacksonModule;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What Spring Security remembers between the two halves of a passkey's ceremony, in the form that a browser gets it in:
 * Spring Security writes that form, and does not read it.
 */
final class Passkeys {
    private static final String GET = "{\"passkey\":\"get\",\"options\":";
    private static final String CREATE = "{\"passkey\":\"create\",\"options\":";
    static final String BEGINNING = "{\"passkey\":";

    private static final List<UserVerificationRequirement> VERIFICATIONS = List.of(
            UserVerificationRequirement.DISCOURAGED,
            UserVerificationRequirement.PREFERRED,
            UserVerificationRequirement.REQUIRED);
    private static final List<PublicKeyCredentialParameters> PARAMETERS = List.of(
            PublicKeyCredentialParameters.EdDSA,
            PublicKeyCredentialParameters.ES256,
            PublicKeyCredentialParameters.ES384,
            PublicKeyCredentialParameters.ES512,
            PublicKeyCredentialParameters.RS256,
            PublicKeyCredentialParameters.RS384,
            PublicKeyCredentialParameters.RS512,
            PublicKeyCredentialParameters.RS1);

    private final JsonMapper json =
            JsonMapper.builder().addModule(new WebauthnJacksonModule()).build();

    static boolean writes(Object value) {
        return value instanceof PublicKeyCredentialRequestOptions
                || value instanceof PublicKeyCredentialCreationOptions;
    }

    String write(Object value) {
        String beginning = value instanceof PublicKeyCredentialRequestOptions ? GET : CREATE;
        return beginning + json.writeValueAsString(value) + "}";
    }

    Object read(String text) {
        JsonNode options = json.readTree(text).get("options");
        return text.startsWith(GET) ? request(options) : creation(options);
    }

    private static PublicKeyCredentialRequestOptions request(JsonNode options) {
        return PublicKeyCredentialRequestOptions.builder()
                .challenge(bytes(options.get("challenge")))
                .timeout(duration(options.get("timeout")))
                .rpId(text(options.get("rpId")))
                .allowCredentials(credentials(options.get("allowCredentials")))
                .userVerification(verification(options.get("userVerification")))
                .extensions(extensions(options.get("extensions")))
                .build();
    }

    private static PublicKeyCredentialCreationOptions creation(JsonNode options) {
        JsonNode rp = options.get("rp");
        JsonNode user = options.get("user");
        return PublicKeyCredentialCreationOptions.builder()
                .rp(PublicKeyCredentialRpEntity.builder()
                        .id(text(rp.get("id")))
                        .name(text(rp.get("name")))
                        .build())
                .user(ImmutablePublicKeyCredentialUserEntity.builder()
                        .id(bytes(user.get("id")))
                        .name(text(user.get("name")))
                        .displayName(text(user.get("displayName")))
                        .build())
                .challenge(bytes(options.get("challenge")))
                .pubKeyCredParams(list(options.get("pubKeyCredParams"), Passkeys::parameters))
                .timeout(duration(options.get("timeout")))
                .excludeCredentials(credentials(options.get("excludeCredentials")))
                .authenticatorSelection(selection(options.get("authenticatorSelection")))
                .attestation(optional(options.get("attestation"), AttestationConveyancePreference::valueOf))
                .extensions(extensions(options.get("extensions")))
                .build();
    }

    private static PublicKeyCredentialParameters parameters(JsonNode node) {
        long algorithm = node.get("alg").asLong();
        return PARAMETERS.stream()
                .filter(each -> each.getAlg().getValue() == algorithm)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown algorithm"));
    }

    private static List<PublicKeyCredentialDescriptor> credentials(JsonNode nodes) {
        return list(nodes, node -> PublicKeyCredentialDescriptor.builder()
                .type(optional(node.get("type"), PublicKeyCredentialType::valueOf))
                .id(bytes(node.get("id")))
                .transports(transports(node.get("transports")))
                .build());
    }

    private static Set<AuthenticatorTransport> transports(JsonNode nodes) {
        if (isMissing(nodes)) return null;
        return list(nodes, node -> AuthenticatorTransport.valueOf(node.asString())).stream()
                .collect(Collectors.toSet());
    }

    private static AuthenticatorSelectionCriteria selection(JsonNode node) {
        if (isMissing(node)) return null;
        return AuthenticatorSelectionCriteria.builder()
                .authenticatorAttachment(
                        optional(node.get("authenticatorAttachment"), AuthenticatorAttachment::valueOf))
                .residentKey(optional(node.get("residentKey"), ResidentKeyRequirement::valueOf))
                .userVerification(verification(node.get("userVerification")))
                .build();
    }

    private static UserVerificationRequirement verification(JsonNode node) {
        return optional(node, value -> VERIFICATIONS.stream()
                .filter(each -> each.getValue().equals(value))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown user verification")));
    }

    @SuppressWarnings("rawtypes") // the constructor's
    private static AuthenticationExtensionsClientInputs extensions(JsonNode node) {
        if (isMissing(node)) return null;
        List<AuthenticationExtensionsClientInput> inputs = new ArrayList<>();
        node.properties().forEach(each -> {
            if (each.getKey().equals("credProps")) inputs.add(ImmutableAuthenticationExtensionsClientInput.credProps);
        });
        if (node.get("credentialProtectionPolicy") != null) inputs.add(protection(node));
        return new ImmutableAuthenticationExtensionsClientInputs(inputs);
    }

    private static CredProtectAuthenticationExtensionsClientInput protection(JsonNode node) {
        String wanted = node.get("credentialProtectionPolicy").asString().replaceAll("[^A-Za-z]", "");
        ProtectionPolicy policy = Stream.of(ProtectionPolicy.values())
                .filter(each -> each.name().replace("_", "").equalsIgnoreCase(wanted))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown policy"));
        boolean enforced = node.get("enforceCredentialProtectionPolicy").asBoolean();
        return new CredProtectAuthenticationExtensionsClientInput(new CredProtect(policy, enforced));
    }

    // --- values ------------------------------------------------------------------------------------------------------

    private static boolean isMissing(JsonNode node) {
        return node == null || node.isNull();
    }

    private static <T> T optional(JsonNode node, Function<String, T> read) {
        return isMissing(node) ? null : read.apply(node.asString());
    }

    private static <T> List<T> list(JsonNode nodes, Function<JsonNode, T> read) {
        var list = new ArrayList<T>();
        if (!isMissing(nodes)) nodes.forEach(node -> list.add(read.apply(node)));
        return list;
    }

    private static Bytes bytes(JsonNode node) {
        return optional(node, Bytes::fromBase64);
    }

    private static Duration duration(JsonNode node) {
        return isMissing(node) ? null : Duration.ofMillis(node.asLong());
    }

    private static String text(JsonNode node) {
        return optional(node, value -> value);
    }
}
