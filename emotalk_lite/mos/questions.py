"""What raters are asked, word by word as in the paper's Tables 5 and 6."""

SCORES = {  # key -> question, answered from 1 to 5
    "motion": "How would you rate the motion representation in the video?",
    "noise": "How would you rate the video noise level in the video?",
    "overall": "Overall how would you rate the quality of the video?",
}
ENDS = {  # what 1 and 5 mean; the paper says "very poor" and "excellent" of all three, which leaves open what much noise is
    "motion": ("very poor", "excellent"),
    "noise": ("very poor: much noise", "excellent: no noise"),
    "overall": ("very poor", "excellent"),
}
STATEMENTS = {  # key -> statement, agreed with in five steps
    "realistic": "The video was realistic",
    "pleasing": "It was visually pleasing",
}
AGREEMENT = ("strongly disagree", "disagree", "neutral", "agree", "strongly agree")
KEYS = (*SCORES, *STATEMENTS)  # the order in which an answer is stored
STEPS = 5
