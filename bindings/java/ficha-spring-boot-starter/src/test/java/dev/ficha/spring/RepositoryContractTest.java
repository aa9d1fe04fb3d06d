package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME;

import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import dev.ficha.Patch;
import dev.ficha.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.messaging.simp.SimpMessageHeaderAccessor;
import org.springframework.messaging.simp.SimpMessageType;
import org.springframework.messaging.support.MessageBuilder;
import org.springframework.session.events.AbstractSessionEvent;
import org.springframework.session.events.SessionCreatedEvent;
import org.springframework.session.events.SessionDeletedEvent;
import org.springframework.session.web.socket.server.SessionRepositoryMessageInterceptor;
import org.springframework.web.servlet.FlashMap;

/** What Spring Session's SessionRepository, FindByIndexNameSessionRepository and Session promise, method by method. */
@ExtendWith(NoLeakedHandles.class)
class RepositoryContractTest {
    private final List<Object> events = new ArrayList<>();
    private RedisServer redis;
    private FichaClient client;
    private FichaSessionRepository repository;

    @BeforeEach
    void start() {
        redis = new RedisServer();
        client = FichaClient.open(redis.url());
        var mapper = new JacksonAttributeMapper(Map.of());
        var springs = new SpringValues(List.of(), mapper);
        repository = new FichaSessionRepository(client, mapper, springs, SecurityContexts.NONE, events::add);
    }

    @AfterEach
    void stop() {
        client.close();
        redis.close();
    }

    private FichaSession saved(String attribute, Object value) {
        FichaSession session = repository.createSession();
        session.setAttribute(attribute, value);
        repository.save(session);
        return session;
    }

    // --- login -----------------------------------------------------------------------------------------------------

    @Test
    void aLoginKeepsWhatAnotherRequestWroteMeanwhileAndItsOwnChanges() {
        FichaSession session = saved("a", 1);
        session.setAttribute("cart", List.of("pen"));
        session.setAttribute("removed", 1);
        session.put("seen", "mine", 1);
        repository.save(session);
        FichaSession mine = repository.findById(session.getId());
        assertThat(mine.<Integer>getAttribute("a")).isEqualTo(1);
        assertThat(mine.<List<String>>getAttribute("cart")).containsExactly("pen");
        Patch theirs = Patch.create().set("theirs", true).set("a", 2).set("cart", List.of("ink"));
        client.patch(session.getId(), theirs.put("seen", "theirs", 1));
        mine.setAttribute("changed", "here");
        mine.removeAttribute("removed");
        mine.put("seen", "later", 1);
        mine.login(NewSession.of("alice"));
        FichaSession found = repository.findById(mine.getId());
        assertThat(found.stored().orElseThrow().attributes())
                .isEqualTo(Map.of(
                        "a",
                        2L,
                        "cart",
                        List.of("ink"),
                        "theirs",
                        true,
                        "changed",
                        "here",
                        "seen",
                        Map.of("mine", 1L, "theirs", 1L, "later", 1L)));
        repository.save(mine);
        assertThat(client.find(mine.getId()).orElseThrow().generation())
                .as("nothing is left to be written")
                .isEqualTo(found.stored().orElseThrow().generation());
    }

    @Test
    void aLoginKeepsWhatSpringPutIntoTheSessionMeanwhileAndNobodysAuthorities() {
        FichaSession session = saved("a", 1);
        FichaSession mine = repository.findById(session.getId());
        FichaSession theirs = repository.findById(session.getId());
        var flash = new FlashMap();
        flash.put("notice", "saved");
        theirs.setAttribute(FlashMaps.ATTRIBUTE, List.of(flash));
        repository.save(theirs);
        client.patch(
                session.getId(), Patch.create().setProtected(SecurityContexts.DETAILS, Map.of("authorities", "x")));
        mine.login(NewSession.of("alice"));
        FichaSession found = repository.findById(mine.getId());
        for (FichaSession each : List.of(mine, found)) {
            assertThat(each.<List<FlashMap>>getAttribute(FlashMaps.ATTRIBUTE)).containsExactly(flash);
        }
        assertThat(found.stored().orElseThrow().protectedAttribute(SecurityContexts.DETAILS))
                .isNull();
    }

    // --- bags ------------------------------------------------------------------------------------------------------

    @Test
    void keysOfABagThatTwoRequestsPutAreBothThere() {
        FichaSession session = saved("a", 1);
        FichaSession mine = repository.findById(session.getId());
        FichaSession theirs = repository.findById(session.getId());
        mine.put("seen", "spring.authentication", List.of("ROLE_admin"));
        theirs.put("seen", "other", true);
        assertThat(mine.bag("seen")).containsOnlyKeys("spring.authentication");
        repository.save(mine);
        repository.save(theirs);
        FichaSession found = repository.findById(session.getId());
        assertThat(found.bag("seen")).isEqualTo(Map.of("spring.authentication", List.of("ROLE_admin"), "other", true));
        found.take("seen", "other");
        repository.save(found);
        assertThat(repository.findById(session.getId()).bag("seen")).containsOnlyKeys("spring.authentication");
    }

    @Test
    void aBagBeginsASessionAndIsNothingElse() {
        FichaSession session = repository.createSession();
        session.put("seen", "a", 1);
        repository.save(session);
        FichaSession found = repository.findById(session.getId());
        assertThat(found.bag("seen")).isEqualTo(Map.of("a", 1));
        found.setAttribute("plain", 1);
        assertThatThrownBy(() -> found.put("plain", "a", 1)).isInstanceOf(IllegalArgumentException.class);
        found.removeAttribute("seen");
        repository.save(found);
        assertThat(repository.findById(session.getId()).bag("seen")).isEmpty();
    }

    // --- SessionRepository -----------------------------------------------------------------------------------------

    @Test
    void createSessionMakesOneThatCanBeSavedAndIsNotYet() throws Exception {
        FichaSession session = repository.createSession();
        assertThat(session.getId()).isNotEmpty();
        assertThat(session.getAttributeNames()).isEmpty();
        assertThat(session.isExpired()).isFalse();
        assertThat(repository.findById(session.getId())).isNull();
        repository.save(session);
        assertThat(redis.cli("DBSIZE")).as("nothing was put into it").isEqualTo("0");
    }

    @Test
    void saveThenFindByIdGivesItsAttributes() {
        FichaSession session = saved("a", List.of(1, 2));
        FichaSession found = repository.findById(session.getId());
        assertThat(found.getId()).isEqualTo(session.getId());
        assertThat(found.<List<Object>>getAttribute("a")).isEqualTo(List.of(1, 2));
        assertThat(found.getCreationTime()).isEqualTo(session.getCreationTime());
    }

    @Test
    void saveWritesWhatChangedSince() {
        FichaSession session = saved("a", 1);
        FichaSession mine = repository.findById(session.getId());
        FichaSession theirs = repository.findById(session.getId());
        mine.setAttribute("mine", true);
        theirs.setAttribute("theirs", true);
        theirs.removeAttribute("a");
        repository.save(mine);
        repository.save(theirs);
        assertThat(repository.findById(session.getId()).getAttributeNames())
                .containsExactlyInAnyOrder("mine", "theirs");
    }

    @Test
    void findByIdOfAnUnknownOrDeletedSessionIsNull() {
        assertThat(repository.findById("no id at all")).isNull();
        assertThat(repository.findById("A".repeat(24))).isNull();
        FichaSession session = saved("a", 1);
        repository.deleteById(session.getId());
        assertThat(repository.findById(session.getId())).isNull();
    }

    @Test
    void deleteByIdOfAnUnknownSessionDoesNothing() {
        repository.deleteById("A".repeat(24));
        assertThat(events).isEmpty();
    }

    @Test
    void aSessionThatWasDeletedIsNeverSavedBack() throws Exception {
        FichaSession session = saved("a", 1);
        FichaSession late = repository.findById(session.getId());
        repository.deleteById(session.getId());
        late.setAttribute("a", 2);
        assertThatThrownBy(() -> repository.save(late)).isInstanceOf(FichaException.SessionGone.class);
        assertThat(redis.cli("DBSIZE")).isEqualTo("0");
    }

    @Test
    void creationAndDeletionAreEvents() {
        FichaSession session = saved("a", 1);
        repository.deleteById(session.getId());
        assertThat(events).hasExactlyElementsOfTypes(SessionCreatedEvent.class, SessionDeletedEvent.class);
        assertThat(events).allSatisfy(event -> assertThat(((AbstractSessionEvent) event).getSessionId())
                .isEqualTo(session.getId()));
    }

    // --- FindByIndexNameSessionRepository --------------------------------------------------------------------------

    @Test
    void findByPrincipalNameGivesThePrincipalsSessionsAndNobodyElses() {
        FichaSession first = saved(PRINCIPAL_NAME_INDEX_NAME, "alice");
        FichaSession second = saved(PRINCIPAL_NAME_INDEX_NAME, "alice");
        saved(PRINCIPAL_NAME_INDEX_NAME, "bob");
        saved("anonymous", true);
        assertThat(repository.findByPrincipalName("alice")).containsOnlyKeys(first.getId(), second.getId());
        assertThat(repository.findByPrincipalName("carol")).isEmpty();
        repository.deleteById(first.getId());
        assertThat(repository.findByPrincipalName("alice")).containsOnlyKeys(second.getId());
    }

    @Test
    void findByAnotherIndexFindsNothing() {
        saved(PRINCIPAL_NAME_INDEX_NAME, "alice");
        assertThat(repository.findByIndexNameAndIndexValue("role", "alice")).isEmpty();
    }

    @Test
    void sessionsThatWereFoundByPrincipalCanBeReadChangedAndDeleted() {
        FichaSession session = saved(PRINCIPAL_NAME_INDEX_NAME, "alice");
        FichaSession found = repository.findByPrincipalName("alice").get(session.getId());
        assertThat(found.<String>getAttribute(PRINCIPAL_NAME_INDEX_NAME)).isEqualTo("alice");
        found.setAttribute("noted", "yes");
        repository.save(found);
        assertThat(repository.findById(session.getId()).<String>getAttribute("noted"))
                .isEqualTo("yes");
    }

    @Test
    void thePrincipalsAttributeRemovedIsALogout() {
        FichaSession session = saved(PRINCIPAL_NAME_INDEX_NAME, "alice");
        session.removeAttribute(PRINCIPAL_NAME_INDEX_NAME);
        repository.save(session);
        assertThat(repository.findByPrincipalName("alice")).isEmpty();
    }

    // --- Session ---------------------------------------------------------------------------------------------------

    @Test
    void changeSessionIdKeepsTheAttributesAndKillsTheOldId() {
        FichaSession session = saved("a", 1);
        String before = session.getId();
        String after = session.changeSessionId();
        repository.save(session);
        assertThat(after).isEqualTo(session.getId()).isNotEqualTo(before);
        assertThat(repository.findById(before)).isNull();
        assertThat(repository.findById(after).<Integer>getAttribute("a")).isEqualTo(1);
    }

    @Test
    void changeSessionIdOfANewSessionChangesItsId() {
        FichaSession session = repository.createSession();
        String before = session.getId();
        assertThat(session.changeSessionId()).isEqualTo(session.getId()).isNotEqualTo(before);
    }

    @Test
    void attributesCanBeSetReadAndRemoved() {
        FichaSession session = repository.createSession();
        assertThat(session.<Object>getAttribute("a")).isNull();
        session.setAttribute("a", "1");
        session.setAttribute("b", "2");
        assertThat(session.getAttributeNames()).containsExactlyInAnyOrder("a", "b");
        assertThat(session.<String>getRequiredAttribute("a")).isEqualTo("1");
        assertThat(session.<String>getAttributeOrDefault("c", "3")).isEqualTo("3");
        session.setAttribute("a", null);
        session.removeAttribute("b");
        assertThat(session.getAttributeNames()).isEmpty();
        assertThatThrownBy(() -> session.getRequiredAttribute("a")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void removedAttributesAreGoneFromTheStore() {
        FichaSession session = saved("a", 1);
        session.setAttribute("b", 2);
        session.removeAttribute("a");
        repository.save(session);
        assertThat(repository.findById(session.getId()).getAttributeNames()).containsExactly("b");
    }

    @Test
    void aValueWithoutAJsonFormIsAnErrorThatNamesTheAttributeAtOnce() {
        FichaSession session = repository.createSession();
        assertThatThrownBy(() -> session.setAttribute("thread", Thread.currentThread()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"thread\"")
                .hasMessageContaining("ficha.attributes.types");
        assertThat(session.getAttributeNames()).isEmpty();
    }

    @Test
    void timesAreThoseOfTheStore() {
        FichaSession session = saved("a", 1);
        Instant now = Instant.now();
        assertThat(session.getCreationTime()).isBetween(now.minusSeconds(5), now.plusSeconds(5));
        FichaSession found = repository.findById(session.getId());
        assertThat(found.getLastAccessedTime()).isBetween(now.minusSeconds(5), now.plusSeconds(5));
        Instant used = Instant.ofEpochSecond(1);
        found.setLastAccessedTime(used);
        assertThat(found.getLastAccessedTime()).isEqualTo(used);
        assertThat(found.isExpired())
                .as("for this object, which was used in 1970")
                .isTrue();
    }

    @Test
    void maxInactiveIntervalIsThatOfTheConfigurationUntilItIsSet() {
        FichaSession session = saved("a", 1);
        assertThat(session.getMaxInactiveInterval()).isEqualTo(Duration.ofMinutes(30));
        session.setMaxInactiveInterval(Duration.ofMinutes(5));
        assertThat(session.getMaxInactiveInterval()).isEqualTo(Duration.ofMinutes(5));
        repository.save(session);
        assertThat(repository.findById(session.getId()).getMaxInactiveInterval())
                .isEqualTo(Duration.ofMinutes(5));
    }

    @Test
    void aNegativeMaxInactiveIntervalIsNoIdleTimeout() {
        FichaSession session = repository.createSession();
        session.setMaxInactiveInterval(Duration.ofSeconds(-1));
        session.setAttribute("a", 1);
        repository.save(session);
        FichaSession found = repository.findById(session.getId());
        assertThat(found.getMaxInactiveInterval()).isEqualTo(Duration.ZERO);
        assertThat(found.isExpired()).isFalse();
    }

    @Test
    void aSessionThatWasNotUsedForItsIntervalIsGone() throws Exception {
        FichaSession session = repository.createSession();
        session.setMaxInactiveInterval(Duration.ofSeconds(1));
        session.setAttribute("a", 1);
        repository.save(session);
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (repository.findById(session.getId()) != null)
            assertThat(System.nanoTime()).isLessThan(end);
        assertThat(redis.cli("DBSIZE")).isEqualTo("0");
    }

    @Test
    void nobodysSessionsAreNone() {
        assertThat(repository.findByPrincipalName(null)).isEmpty();
    }

    @Test
    void theCreationTimeIsTheSameBeforeAndAfterAndThroughALogin() {
        FichaSession session = repository.createSession();
        Instant created = session.getCreationTime();
        session.setAttribute("a", 1);
        repository.save(session);
        assertThat(session.getCreationTime()).isEqualTo(created);
        assertThat(repository.findById(session.getId()).getCreationTime()).isEqualTo(created);
        session.changeSessionId();
        session.setAttribute(PRINCIPAL_NAME_INDEX_NAME, "alice");
        repository.save(session);
        assertThat(repository.findById(session.getId()).getCreationTime()).isEqualTo(created);
    }

    // What a message on a WebSocket does (SessionRepositoryMessageInterceptor).
    private void message(Map<String, Object> attributes) {
        var message = MessageBuilder.withPayload("x")
                .setHeader(SimpMessageHeaderAccessor.MESSAGE_TYPE_HEADER, SimpMessageType.MESSAGE)
                .setHeader(SimpMessageHeaderAccessor.SESSION_ATTRIBUTES, attributes)
                .build();
        new SessionRepositoryMessageInterceptor<>(repository).preSend(message, null);
    }

    @Test
    void messagesOfAWebSocketKeepASessionAlive() throws Exception {
        FichaSession session = repository.createSession();
        session.setMaxInactiveInterval(Duration.ofSeconds(2));
        session.setAttribute("a", 1);
        repository.save(session);
        Map<String, Object> attributes = Map.of("SPRING.SESSION.ID", session.getId());
        String key = redis.cli("KEYS", "*" + session.getId());
        long longer = System.nanoTime() + Duration.ofSeconds(4).toNanos();
        while (System.nanoTime() < longer) {
            message(attributes);
            assertThat(redis.cli("EXISTS", key)).isEqualTo("1");
        }
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (redis.cli("EXISTS", key).equals("1"))
            assertThat(System.nanoTime()).isLessThan(end);
    }

    @Test
    void notEveryMessageOfAWebSocketWrites() {
        FichaSession session = saved("a", 1);
        long generation = session.stored().orElseThrow().generation();
        for (int i = 0; i < 10; i++) message(Map.of("SPRING.SESSION.ID", session.getId()));
        assertThat(repository.findById(session.getId()).stored().orElseThrow().generation())
                .isEqualTo(generation);
    }
}
