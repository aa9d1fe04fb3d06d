package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JacksonAttributeMapperTest {
    private final JacksonAttributeMapper mapper = new JacksonAttributeMapper(Map.of(
            "items",
            "java.util.List<dev.ficha.spring.Shop$Cart>",
            "at",
            "java.time.Instant",
            "long",
            "java.lang.Long"));

    private Object again(String name, Object value) {
        return mapper.read(name, mapper.write(name, value));
    }

    @Test
    void jsonsOwnValuesAreReadAsTheyWereWritten() {
        for (Object value : Arrays.asList(
                "text é \uD83D\uDE00",
                true,
                7,
                12345678901L,
                new BigInteger("123456789012345678901234567890"),
                1.5,
                List.of(),
                Map.of(),
                Arrays.asList(1, null, Map.of("a", List.of("b"))))) {
            assertThat(again("x", value)).isEqualTo(value);
        }
    }

    @Test
    void configuredTypesAreReadAsThoseTypes() {
        var carts = List.of(new Shop.Cart("alice", List.of("pen")));
        assertThat(mapper.write("items", carts)).isEqualTo("[{\"owner\":\"alice\",\"items\":[\"pen\"]}]");
        assertThat(again("items", carts)).isEqualTo(carts);
        Instant now = Instant.parse("2026-11-22T10:00:00.123Z");
        assertThat(again("at", now)).isEqualTo(now);
        assertThat(again("long", 1L)).isEqualTo(1L);
    }

    @Test
    void whatWouldBeReadAsSomethingElseIsRefused() {
        for (Object value : List.of(
                Set.of("a"),
                Instant.EPOCH,
                new Shop.Cart("a", List.of()),
                List.of(Instant.EPOCH),
                Map.of(1, "a"),
                new String[] {"a"},
                Thread.State.NEW)) {
            assertThatThrownBy(() -> mapper.write("x", value))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"x\"");
        }
    }

    @Test
    void aTextThatBeginsLikeAnObjectOfSpringsIsAMap() {
        var text = Map.of("@class", "org.springframework.security.core.authority.SimpleGrantedAuthority", "role", "x");
        assertThat(again("x", text)).isEqualTo(text);
        assertThat(mapper.read("x", "{\"@class\":\"java.lang.Thread\"}")).isInstanceOf(Map.class);
    }

    @Test
    void longNamesAreAbbreviatedToWhatTheStoreTakes() {
        String name = "org.springframework.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN";
        assertThat(mapper.storedName(name))
                .isEqualTo("o.s.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN");
        assertThat(mapper.storedName("cart")).isEqualTo("cart");
        assertThat(mapper.storedName("é".repeat(40)).getBytes(StandardCharsets.UTF_8).length)
                .isLessThanOrEqualTo(64);
    }

    @Test
    void theSameValueWrittenDifferentlyIsTheSame() {
        assertThat(mapper.isSame("{\"a\":1,\"b\":\"\\u00e9\"}", "{ \"b\": \"é\", \"a\": 1 }"))
                .isTrue();
        assertThat(mapper.isSame("[1,2]", "[2,1]")).isFalse();
    }
}
