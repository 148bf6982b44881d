"""Made-up meetings with planted facts and planted absences, in both languages, for the measure of grounding."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """What stands in the transcript: the lines that say it, words by which a statement of it is known, and paraphrases."""

    lines: tuple[int, ...]
    words: tuple[str, ...]
    paraphrases: tuple[str, ...]
    kind: str  # action, decision, question or other


@dataclass(frozen=True)
class Meeting:
    """`absent` are statements near to what was said that are not true of it: another number, name or sense."""

    language: str
    turns: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    absent: tuple[str, ...]


LIBRARY = Meeting(
    "en",
    (
        ("Olivia", "Let us begin with the roof. The repair came to 4,200 euros, a little less than the offer."),
        ("Daniel", "Good. And we agreed to keep the red shelves instead of buying new ones, right?"),
        ("Olivia", "Yes, that is settled: the red shelves stay."),
        ("Daniel", "I will send the new opening hours to the schools before the third of June."),
        ("Olivia", "Thank you. We will not open on Sundays this year, that is decided too."),
        ("Priya", "Who is going to pay for the projector? Nobody knows so far."),
        ("Olivia", "That stays open until the council has met."),
        ("Priya", "I call the electrician tomorrow about the lamps in the basement."),
        ("Daniel", "By the way, 87 children came to the reading night."),
        ("Olivia", "Wonderful. Then we repeat the reading night in October."),
    ),
    (
        Fact((0,), ("roof", "4"), ("The repair of the roof came to 4200 euros.", "The roof repair was 4,200 euros."), "other"),
        Fact((1, 2), ("shelves",), ("The red shelves stay.", "Keep the red shelves instead of buying new ones."), "decision"),
        Fact(
            (3,), ("schools",),
            ("Send the new opening hours to the schools by 3 June.", "Daniel sends the opening hours to the schools."),
            "action",
        ),
        Fact((4,), ("sundays",), ("They will not open on Sundays this year.", "No opening on Sundays this year."), "decision"),
        Fact((5,), ("projector",), ("Who is going to pay for the projector?", "Who pays for the projector?"), "question"),
        Fact((7,), ("electrician",), ("Call the electrician about the lamps in the basement.", "Priya calls the electrician."), "action"),
        Fact((8,), ("children",), ("87 children came to the reading night.", "The reading night had 87 children."), "other"),
        Fact((9,), ("october",), ("The reading night is repeated in October.",), "decision"),
    ),
    (
        "The repair of the roof came to 4300 euros.",
        "The repair of the roof came to 420 euros.",
        "Buy blue shelves for the cellar and the garden.",
        "Martin sends the opening hours to the schools.",
        "They will open on Sundays this year.",
        "78 children came to the reading night.",
        "The reading night is repeated in December with a Berlin orchestra.",
        "The mayor resigned over the scandal.",
        "Hire two new librarians.",
    ),
)  # fmt: skip

SPORT = Meeting(
    "fr",
    (
        ("Camille", "Commençons par le gymnase. La réparation du parquet a coûté 3 600 euros."),
        ("Hugo", "D'accord. On garde donc les anciens vestiaires, c'est bien ça ?"),
        ("Camille", "Oui, c'est décidé : on garde les anciens vestiaires."),
        ("Hugo", "J'enverrai les nouveaux horaires aux parents avant le douze septembre."),
        ("Camille", "Merci. Et nous n'augmenterons pas la cotisation cette année, c'est voté."),
        ("Inès", "Qui va conduire le minibus ? Personne ne le sait pour l'instant."),
        ("Camille", "Cela reste ouvert jusqu'à la prochaine réunion."),
        ("Inès", "J'appelle le plombier demain pour la douche du fond."),
        ("Hugo", "Au fait, 54 enfants se sont inscrits au tournoi."),
        ("Camille", "Formidable. Alors nous refaisons le tournoi au printemps."),
    ),
    (
        Fact((0,), ("parquet",), ("La réparation du parquet a coûté 3600 euros.", "Le parquet du gymnase : 3 600 euros."), "other"),
        Fact((1, 2), ("vestiaires",), ("On garde les anciens vestiaires.", "Garder les anciens vestiaires."), "decision"),
        Fact(
            (3,), ("parents",),
            ("Envoyer les nouveaux horaires aux parents avant le 12 septembre.", "Hugo envoie les horaires aux parents."),
            "action",
        ),
        Fact((4,), ("cotisation",), ("La cotisation n'augmentera pas cette année.", "Ne pas augmenter la cotisation."), "decision"),
        Fact((5,), ("minibus",), ("Qui va conduire le minibus ?", "Qui conduit le minibus ?"), "question"),
        Fact((7,), ("plombier",), ("Appeler le plombier pour la douche.", "Inès appelle le plombier demain."), "action"),
        Fact((8,), ("enfants",), ("54 enfants se sont inscrits au tournoi.", "54 enfants inscrits au tournoi."), "other"),
        Fact((9,), ("printemps",), ("Le tournoi est refait au printemps.", "Refaire le tournoi au printemps."), "decision"),
    ),
    (
        "La réparation du parquet a coûté 3 700 euros.",
        "La réparation du parquet a coûté 360 euros.",
        "Construire une piscine derrière le stade.",
        "Martin envoie les horaires aux parents.",
        "La cotisation augmentera cette année.",
        "45 enfants se sont inscrits au tournoi.",
        "Le tournoi aura lieu à Lyon en novembre.",
        "Le maire a démissionné.",
        "Embaucher deux entraîneurs.",
    ),
)  # fmt: skip

MEETINGS = (LIBRARY, SPORT)
