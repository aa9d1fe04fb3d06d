package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.Cookie;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.context.support.DefaultMessageSourceResolvable;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.DisabledException;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2RefreshToken;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationRequest;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUserAuthority;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.csrf.DefaultCsrfToken;
import org.springframework.security.web.savedrequest.DefaultSavedRequest;
import org.springframework.security.web.webauthn.api.AttestationConveyancePreference;
import org.springframework.security.web.webauthn.api.AuthenticatorAttachment;
import org.springframework.security.web.webauthn.api.AuthenticatorSelectionCriteria;
import org.springframework.security.web.webauthn.api.AuthenticatorTransport;
import org.springframework.security.web.webauthn.api.Bytes;
import org.springframework.security.web.webauthn.api.CredProtectAuthenticationExtensionsClientInput;
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
import org.springframework.util.StopWatch;
import org.springframework.validation.BeanPropertyBindingResult;
import org.springframework.validation.BindingResult;
import org.springframework.validation.FieldError;
import org.springframework.web.context.request.DestructionCallbackBindingListener;
import org.springframework.web.servlet.FlashMap;

/** What Spring itself puts into sessions. */
class SpringValuesTest {
    // As JacksonAttributeMapper abbreviates it.
    private static final String FLASH = new JacksonAttributeMapper(Map.of()).storedName(FlashMaps.ATTRIBUTE);
    private static final String LAST = "SPRING_SECURITY_LAST_EXCEPTION";

    private final SpringValues values =
            new SpringValues(FichaSecurityAutoConfiguration.modules(), new JacksonAttributeMapper(Map.of()));

    /** An application's own, which no message alone makes. */
    static final class OwnException extends AuthenticationException {
        private static final long serialVersionUID = 1;

        OwnException(int code) {
            super("own " + code);
        }
    }

    private Object again(String name, Object value) {
        return values.read(name, values.write(name, value));
    }

    @Test
    void springsOwnObjectsAreReadAsWhatTheyWere() {
        var token = new DefaultCsrfToken("X-CSRF-TOKEN", "_csrf", "value");
        values.check("csrf", token);
        assertThat(((DefaultCsrfToken) again("csrf", token)).getToken()).isEqualTo("value");
    }

    @Test
    void whyALoginFailedIsReadAsWhatItWasHoweverItFailed() {
        for (AuthenticationException why : List.of(
                new BadCredentialsException("Bad credentials"),
                new LockedException("locked"),
                new DisabledException("disabled"),
                new SessionAuthenticationException("too many"))) {
            values.check(LAST, why);
            assertThat(again(LAST, why)).isInstanceOf(why.getClass()).hasToString(why.toString());
        }
        values.check(LAST, new OwnException(7));
        assertThat(again(LAST, new OwnException(7)))
                .isInstanceOf(AuthenticationServiceException.class)
                .hasFieldOrPropertyWithValue("message", "own 7");
    }

    @Test
    void whatWouldNotBeReadIsRefusedWhenItIsSet() {
        assertThat(values.writes("watch", new StopWatch("x"))).isTrue();
        assertThatThrownBy(() -> values.check("watch", new StopWatch("x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"watch\"")
                .hasMessageContaining("StopWatch")
                .hasMessageContaining("ficha.attributes.types");
    }

    @Test
    void aSavedRequestHoldsNoCredential() {
        var request = new MockHttpServletRequest("GET", "/page");
        request.setQueryString("x=1");
        request.addHeader("authorization", "Basic c2VjcmV0");
        request.addHeader("Accept", "text/html");
        request.setCookies(new Cookie("remember-me", "c2VjcmV0"), new Cookie("theme", "dark"));
        var saved = (DefaultSavedRequest) again("saved", new DefaultSavedRequest(request, "continue"));
        assertThat(saved.getRedirectUrl()).isEqualTo("http://localhost/page?x=1&continue");
        assertThat(saved.getCookies()).isEmpty();
        assertThat(saved.getHeaderNames()).containsExactly("Accept");
        assertThat(values.write("saved", new DefaultSavedRequest(request, "continue")))
                .doesNotContain("c2VjcmV0");
    }

    @Test
    void namesThatAreKeptApartFitAndDiffer() {
        String name = "o.s.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN";
        String apart = SpringValues.apartName(name);
        assertThat(apart.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(64);
        assertThat(apart).isNotEqualTo(SpringValues.apartName(name + "X"));
        assertThat(SpringValues.isApart(SpringValues.apartName("a"))).isTrue();
        assertThat(SpringValues.isApart(SecurityContexts.DETAILS)).isFalse();
    }

    @Test
    void whatAPasskeysCeremonyRemembersIsReadAsWhatItWas() {
        var id = new Bytes(new byte[] {1, 2, 3});
        var known = PublicKeyCredentialDescriptor.builder()
                .type(PublicKeyCredentialType.PUBLIC_KEY)
                .id(id)
                .transports(AuthenticatorTransport.INTERNAL)
                .build();
        var extensions = new ImmutableAuthenticationExtensionsClientInputs(
                ImmutableAuthenticationExtensionsClientInput.credProps,
                new CredProtectAuthenticationExtensionsClientInput(
                        new CredProtectAuthenticationExtensionsClientInput.CredProtect(
                                CredProtectAuthenticationExtensionsClientInput.CredProtect.ProtectionPolicy
                                        .USER_VERIFICATION_REQUIRED,
                                true)));
        var asked = PublicKeyCredentialRequestOptions.builder()
                .challenge(Bytes.random())
                .timeout(Duration.ofMinutes(5))
                .rpId("example.org")
                .allowCredentials(List.of(known))
                .userVerification(UserVerificationRequirement.PREFERRED)
                .extensions(extensions)
                .build();
        var registration = PublicKeyCredentialCreationOptions.builder()
                .rp(PublicKeyCredentialRpEntity.builder()
                        .id("example.org")
                        .name("Shop")
                        .build())
                .user(ImmutablePublicKeyCredentialUserEntity.builder()
                        .id(id)
                        .name("alice")
                        .displayName("Alice")
                        .build())
                .challenge(Bytes.random())
                .pubKeyCredParams(PublicKeyCredentialParameters.ES256, PublicKeyCredentialParameters.RS256)
                .timeout(Duration.ofMinutes(5))
                .excludeCredentials(List.of(known))
                .authenticatorSelection(AuthenticatorSelectionCriteria.builder()
                        .authenticatorAttachment(AuthenticatorAttachment.PLATFORM)
                        .residentKey(ResidentKeyRequirement.REQUIRED)
                        .userVerification(UserVerificationRequirement.REQUIRED)
                        .build())
                .attestation(AttestationConveyancePreference.NONE)
                .extensions(extensions)
                .build();
        for (Object options : List.of(asked, registration)) {
            values.check("passkey", options);
            String text = values.write("passkey", options);
            Object read = values.read("passkey", text);
            assertThat(read).hasSameClassAs(options);
            assertThat(values.write("passkey", read)).isEqualTo(text);
        }
        var read = (PublicKeyCredentialCreationOptions) again("passkey", registration);
        assertThat(read.getChallenge()).isEqualTo(registration.getChallenge());
        assertThat(read.getExtensions().getInputs()).hasSize(2);
    }

    // --- OAuth 2.0 -----------------------------------------------------------------------------------------------

    private static ClientRegistration registration() {
        return ClientRegistration.withRegistrationId("idp")
                .clientId("shop")
                .clientSecret("none")
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
                .redirectUri("{baseUrl}/login/oauth2/code/idp")
                .scope("openid")
                .authorizationUri("https://idp.example/authorize")
                .tokenUri("https://idp.example/token")
                .userNameAttributeName("sub")
                .build();
    }

    @Test
    void whatAnOAuthLoginRemembersIsReadAsWhatItWas() {
        var request = OAuth2AuthorizationRequest.authorizationCode()
                .authorizationUri("https://idp.example/authorize")
                .clientId("shop")
                .redirectUri("https://shop.example/login/oauth2/code/idp")
                .scope("openid")
                .state("state")
                .attributes(Map.of("registration_id", "idp", "nonce", "n", "code_verifier", "v"))
                .build();
        values.check("request", request);
        var read = (OAuth2AuthorizationRequest) again("request", request);
        assertThat(read.getState()).isEqualTo("state");
        assertThat(read.getAttributes()).isEqualTo(request.getAttributes());

        Instant now = Instant.parse("2026-11-22T10:00:00Z");
        var client = new OAuth2AuthorizedClient(
                registration(),
                "alice",
                new OAuth2AccessToken(
                        OAuth2AccessToken.TokenType.BEARER, "access", now, now.plusSeconds(60), Set.of("openid")),
                new OAuth2RefreshToken("refresh", now));
        var clients = new HashMap<>(Map.of("idp", client));
        assertThat(values.writes("clients", clients)).isTrue();
        values.check("clients", clients);
        var kept = (OAuth2AuthorizedClient) ((Map<?, ?>) again("clients", clients)).get("idp");
        assertThat(kept.getAccessToken().getTokenValue()).isEqualTo("access");
        assertThat(kept.getRefreshToken().getTokenValue()).isEqualTo("refresh");
        assertThat(kept.getClientRegistration().getRegistrationId()).isEqualTo("idp");

        var why = new OAuth2AuthenticationException(new OAuth2Error("invalid_nonce", "why", "uri"), "message");
        assertThat(again(LAST, why)).isInstanceOfSatisfying(OAuth2AuthenticationException.class, same -> assertThat(
                        same.getError().getErrorCode())
                .isEqualTo("invalid_nonce"));
    }

    @Test
    void aLoginAtAnIdentityProviderIsKeptAsWhatItWas() {
        Instant now = Instant.parse("2026-11-22T10:00:00Z");
        var idToken = new OidcIdToken(
                "ey.token",
                now,
                now.plusSeconds(300),
                Map.of(
                        "sub",
                        "alice",
                        "iss",
                        url("https://idp.example"),
                        "aud",
                        List.of("shop"),
                        "updated",
                        12345678901L));
        var user = new DefaultOidcUser(List.of(new OidcUserAuthority(idToken)), idToken);
        var logins = new KeptLogins(FichaSecurityAutoConfiguration.modules());
        var login = new OAuth2AuthenticationToken(user, user.getAuthorities(), "idp");
        Authentication read = logins.read(logins.write(login).orElseThrow());
        assertThat(read).isInstanceOf(OAuth2AuthenticationToken.class);
        assertThat(((OidcUser) read.getPrincipal()).getIdToken().getTokenValue())
                .isEqualTo("ey.token");
        assertThat(((OidcUser) read.getPrincipal()).getIssuer()).hasToString("https://idp.example");
        assertThat(logins.write(new TestingAuthenticationToken("alice", null))).isEmpty();
    }

    private static URL url(String text) {
        try {
            return URI.create(text).toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    // --- Spring MVC --------------------------------------------------------------------------------------------------

    /** A form, as controllers bind them. */
    record Form(String name, int age) {}

    private static FlashMap flash(Map<String, ?> attributes) {
        var flash = new FlashMap();
        flash.putAll(attributes);
        flash.setTargetRequestPath("/next");
        return flash;
    }

    private FlashMap sentOn(SpringValues through, FlashMap flash) {
        through.check(FLASH, List.of(flash));
        String text = through.write(FLASH, List.of(flash));
        return (FlashMap) ((List<?>) through.read(FLASH, text)).get(0);
    }

    @Test
    void aRedirectCarriesAFormAndWhatIsWrongWithIt() {
        var springs = new SpringValues(
                List.of(), new JacksonAttributeMapper(Map.of("form", Form.class.getName(), "at", "java.time.Instant")));
        var form = new Form("", -1);
        var binding = new BeanPropertyBindingResult(form, "form");
        binding.addError(new FieldError(
                "form",
                "age",
                -1,
                false,
                new String[] {"Min.form.age", "Min"},
                new Object[] {new DefaultMessageSourceResolvable(new String[] {"form.age"}, "age"), 0},
                "too young"));
        binding.reject("closed", "we are closed");
        FlashMap read = sentOn(
                springs,
                flash(Map.of(
                        "form",
                        form,
                        "at",
                        Instant.EPOCH,
                        "count",
                        3,
                        BindingResult.MODEL_KEY_PREFIX + "form",
                        binding)));
        assertThat((Map<String, Object>) read)
                .containsEntry("form", form)
                .containsEntry("at", Instant.EPOCH)
                .containsEntry("count", 3);
        var result = (BindingResult) read.get(BindingResult.MODEL_KEY_PREFIX + "form");
        assertThat(result.getTarget()).isEqualTo(form);
        assertThat(result.getFieldError("age").getCodes()).containsExactly("Min.form.age", "Min");
        assertThat(result.getFieldError("age").getDefaultMessage()).isEqualTo("too young");
        assertThat(((DefaultMessageSourceResolvable) result.getFieldError("age").getArguments()[0]).getDefaultMessage())
                .isEqualTo("age");
        assertThat(result.getGlobalError().getCode()).isEqualTo("closed");
        assertThatThrownBy(() -> springs.check(FLASH, List.of(flash(Map.of("cart", new Form("a", 1))))))
                .hasMessageContaining("ficha.attributes.types.cart=" + Form.class.getName());
    }

    @Test
    void aCallbackOfASessionsBeanDoesNotEndTheRequestThatMakesIt() {
        var callback = new DestructionCallbackBindingListener(() -> {});
        assertThat(values.writes("x", callback)).isTrue();
        values.check("x", callback);
        assertThat(again("x", callback)).isInstanceOf(DestructionCallbackBindingListener.class);
    }

    @Test
    void whatCannotBeReadAnyMoreCountsAsAbsent() {
        assertThat(values.read("x", "{\"@class\":\"org.springframework.NoLonger\"}"))
                .isNull();
        assertThat(values.read("x", "{\"@class\":\"java.lang.Thread\"}")).isNull();
        assertThat(values.read(LAST, "[]")).isNull();
        assertThat(values.read("x", "{\"passkey\":\"create\",\"options\":{}}")).isNull();
    }
}
